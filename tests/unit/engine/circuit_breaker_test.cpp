#include "engine/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine {
namespace {

using base::milliseconds;
using State = CircuitBreaker::State;

struct CircuitBreakerTest : testing::Test {
    static constexpr CircuitBreaker::Settings kSettings{3, milliseconds(100), milliseconds(300)};
    CircuitBreaker breaker{kSettings};
    base::Time now{};

    void open() {
        for (int i = 0; i < 3; ++i) breaker.failed(now);
    }
};

TEST_F(CircuitBreakerTest, OpensAfterSoManyFailuresInARow) {
    breaker.failed(now);
    breaker.failed(now);
    breaker.succeeded();
    breaker.failed(now);
    breaker.failed(now);
    EXPECT_TRUE(breaker.admit(now));
    EXPECT_EQ(breaker.state(), State::closed);
    breaker.failed(now);
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_FALSE(breaker.admit(now));
}

TEST_F(CircuitBreakerTest, LetsOneProbeThroughAfterThePause) {
    open();
    EXPECT_EQ(breaker.next_probe(), now + milliseconds(100));
    EXPECT_FALSE(breaker.admit(now + milliseconds(99)));
    now += milliseconds(100);
    EXPECT_TRUE(breaker.admit(now));
    EXPECT_EQ(breaker.state(), State::half_open);
    EXPECT_FALSE(breaker.admit(now)) << "one at a time";
    breaker.succeeded();
    EXPECT_EQ(breaker.state(), State::closed);
    breaker.failed(now);
    EXPECT_TRUE(breaker.admit(now)) << "the failures from before are forgotten";
}

TEST_F(CircuitBreakerTest, PausesTwiceAsLongAfterEachFailedProbeUpToTheBound) {
    open();
    for (const int pause : {200, 300, 300}) {
        now = breaker.next_probe();
        ASSERT_TRUE(breaker.admit(now));
        breaker.failed(now);
        EXPECT_EQ(breaker.state(), State::open);
        EXPECT_EQ(breaker.next_probe(), now + milliseconds(pause));
    }
    now = breaker.next_probe();
    ASSERT_TRUE(breaker.admit(now));
    breaker.succeeded();
    open();
    EXPECT_EQ(breaker.next_probe(), now + milliseconds(100)) << "a success makes the pause short again";
}

TEST_F(CircuitBreakerTest, AFailureFromBeforeItOpenedChangesNothing) {
    open();
    breaker.failed(now + milliseconds(50));
    EXPECT_EQ(breaker.next_probe(), now + milliseconds(100));
}

TEST_F(CircuitBreakerTest, AProbeThatWasGivenUpIsMadeAgain) {
    open();
    now += milliseconds(100);
    ASSERT_TRUE(breaker.admit(now));
    breaker.withdrawn();
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_TRUE(breaker.admit(now));
}

TEST_F(CircuitBreakerTest, OpensAtOnceWhenTold) {
    breaker.open(now);
    EXPECT_FALSE(breaker.admit(now));
    EXPECT_TRUE(breaker.admit(now + milliseconds(100)));
}

}  // namespace
}  // namespace antiphon::engine
