#include "edge/call_limits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::seconds;

constexpr base::Time kNow{seconds(1'000)};

bool let_in(const std::variant<call::CallPlace, CallLimits::Refused>& answer) {
    return std::holds_alternative<call::CallPlace>(answer);
}

TEST(CallLimits, CountCallsUnderWay) {
    CallLimits limits;
    const CallLimitSettings two{.calls_per_key = 0, .calls_per_address = 2, .starts_per_key = 0, .starts_per_address = 0};
    auto first = limits.enter(two, "", "a", kNow);
    auto second = limits.enter(two, "", "a", kNow);
    EXPECT_TRUE(let_in(second));
    EXPECT_FALSE(let_in(limits.enter(two, "", "a", kNow)));
    EXPECT_TRUE(let_in(limits.enter(two, "", "b", kNow)));
    EXPECT_TRUE(let_in(limits.enter(two, "key", "", kNow))) << "a key is not limited here";
    first = CallLimits::Refused{};
    EXPECT_TRUE(let_in(limits.enter(two, "", "a", kNow)));
}

TEST(CallLimits, BothMustHaveRoomAndWhoIsRefusedTakesNone) {
    CallLimits limits;
    const CallLimitSettings one{.calls_per_key = 1, .calls_per_address = 1, .starts_per_key = 0, .starts_per_address = 0};
    const auto first = limits.enter(one, "key", "a", kNow);
    EXPECT_TRUE(let_in(first));
    EXPECT_FALSE(let_in(limits.enter(one, "key", "b", kNow)));
    EXPECT_TRUE(let_in(limits.enter(one, "other", "b", kNow))) << "the refused call left no trace";
    EXPECT_FALSE(let_in(limits.enter(one, "third", "a", kNow)));
}

TEST(CallLimits, StartsFillUpEvenly) {
    CallLimits limits;
    const CallLimitSettings six{.calls_per_key = 0, .calls_per_address = 0, .starts_per_key = 6, .starts_per_address = 0};
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(let_in(limits.enter(six, "key", "a", kNow))) << i;
    const auto refused = limits.enter(six, "key", "a", kNow);
    ASSERT_FALSE(let_in(refused));
    EXPECT_EQ(std::get<CallLimits::Refused>(refused).retry_after, 10);
    EXPECT_FALSE(let_in(limits.enter(six, "key", "a", kNow + seconds(9))));
    EXPECT_TRUE(let_in(limits.enter(six, "key", "a", kNow + seconds(10))));
    EXPECT_FALSE(let_in(limits.enter(six, "key", "a", kNow + seconds(10))));
    EXPECT_TRUE(let_in(limits.enter(six, "another", "a", kNow)));
}

TEST(CallLimits, ALimitThatComesWithAReloadCountsFromThen) {
    CallLimits limits;
    const CallLimitSettings calls{.calls_per_key = 1'000, .calls_per_address = 0, .starts_per_key = 0, .starts_per_address = 0};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(let_in(limits.enter(calls, "key", "", kNow)));
    const CallLimitSettings starts{.calls_per_key = 0, .calls_per_address = 0, .starts_per_key = 3, .starts_per_address = 0};
    EXPECT_TRUE(let_in(limits.enter(starts, "key", "", kNow)));
}

TEST(CallLimits, WhoIsUnlimitedIsNotEvenCounted) {
    CallLimits limits;
    const CallLimitSettings none{.calls_per_key = 0, .calls_per_address = 0, .starts_per_key = 0, .starts_per_address = 0};
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(let_in(limits.enter(none, "key", "a" + std::to_string(i), kNow)));
    EXPECT_TRUE(let_in(limits.enter({}, "", "", kNow)));
    EXPECT_EQ(limits.counted(), 0U);
}

TEST(CallLimits, WhoHasGoneIsForgotten) {
    CallLimits limits;
    const auto stays = limits.enter({}, "", "stays", kNow);
    for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(let_in(limits.enter({}, "", "a" + std::to_string(i), kNow + seconds(i / 20))));
    EXPECT_LT(limits.counted(), 6'000U);
}

TEST(CallLimits, HoldAcrossThreads) {
    CallLimits limits;
    const CallLimitSettings five{.calls_per_key = 5, .calls_per_address = 0, .starts_per_key = 0, .starts_per_address = 0};
    std::atomic<int> most = 0;
    std::atomic<int> now = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                for (int turn = 0; turn < 500; ++turn) {
                    const auto place = limits.enter(five, "key", "", kNow);
                    if (!let_in(place)) continue;
                    const int count = ++now;
                    for (int before = most; before < count && !most.compare_exchange_weak(before, count);) {
                    }
                    --now;
                }
            });
    }
    EXPECT_LE(most, 5);
    EXPECT_TRUE(let_in(limits.enter(five, "key", "", kNow))) << "all places came back";
}

}  // namespace
}  // namespace antiphon::edge
