#include "app/caller_watch.hpp"

#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

using base::milliseconds;

class CallerWatchTest : public testing::Test {
protected:
    base::Time at(int ms) const { return began_ + milliseconds(ms); }
    void begin_to_flow(int ms) {
        watch_.session_came();
        watch_.sound_came(at(ms));
    }

    const base::Time began_ = base::Clock::now();
    CallerWatch watch_{began_, {}};
};

TEST_F(CallerWatchTest, NothingInTimeIsNoUdp) {
    EXPECT_FALSE(watch_.trouble(at(2999)));
    EXPECT_EQ(watch_.trouble(at(3000)), "no UDP");
    EXPECT_FALSE(watch_.holds(at(3000)));
}

TEST_F(CallerWatchTest, AFailedConnectionIsNotWaitedFor) {
    watch_.connection_lost();
    EXPECT_EQ(watch_.trouble(at(1)), "no UDP");
}

TEST_F(CallerWatchTest, ASessionWithoutSoundDoesNotFlow) {
    watch_.session_came();
    watch_.sign_came(at(2900));
    EXPECT_FALSE(watch_.flows());
    EXPECT_EQ(watch_.trouble(at(3000)), "no sound comes");
}

TEST_F(CallerWatchTest, SoundWithoutASessionDoesNotFlow) {
    watch_.sound_came(at(2900));
    EXPECT_EQ(watch_.trouble(at(3000)), "no UDP");
}

TEST_F(CallerWatchTest, FlowsWhenBothAreThere) {
    begin_to_flow(2999);
    EXPECT_TRUE(watch_.flows());
    EXPECT_FALSE(watch_.trouble(at(5000)));
}

TEST_F(CallerWatchTest, HoldsBackBeforeItGivesUp) {
    begin_to_flow(100);
    EXPECT_FALSE(watch_.holds(at(1400)));
    EXPECT_TRUE(watch_.holds(at(1401)));
    EXPECT_FALSE(watch_.trouble(at(2600)));
    EXPECT_EQ(watch_.trouble(at(2601)), "no sound comes any more");
}

TEST_F(CallerWatchTest, AnySignEndsTheHoldingButOnlySoundTheDoubt) {
    begin_to_flow(100);
    watch_.sign_came(at(2000));
    EXPECT_FALSE(watch_.holds(at(2001)));
    EXPECT_TRUE(watch_.trouble(at(2601)));
    watch_.sound_came(at(2602));
    EXPECT_FALSE(watch_.trouble(at(2603)));
}

TEST_F(CallerWatchTest, AServerThatHearsNothing) {
    begin_to_flow(100);
    watch_.heard(milliseconds(900), at(1000));
    watch_.heard(milliseconds(1900), at(2000));
    for (int second = 3; second <= 5; ++second) {
        watch_.heard(milliseconds(1900), at(second * 1000));
        watch_.sound_came(at(second * 1000));
    }
    EXPECT_FALSE(watch_.trouble(at(6000)));
    watch_.sound_came(at(6001));
    EXPECT_EQ(watch_.trouble(at(6001)), "the server hears nothing any more");
    watch_.heard(milliseconds(2000), at(6002));
    EXPECT_FALSE(watch_.trouble(at(6003)));
}

TEST_F(CallerWatchTest, AServerThatNeverCountsIsNotDoubted) {
    begin_to_flow(100);
    watch_.sound_came(at(20'000));
    EXPECT_FALSE(watch_.trouble(at(20'001)));
}

TEST_F(CallerWatchTest, AConnectionThatIsLost) {
    begin_to_flow(100);
    watch_.connection_lost();
    EXPECT_EQ(watch_.trouble(at(101)), "the connection is lost");
}

}  // namespace
}  // namespace antiphon::app
