#include "edge/message_limits.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = MessageLimits::Verdict;

constexpr base::Time kStart{seconds(1'000)};

TEST(MessageLimits, AMicrophoneIsNeverNear) {
    MessageLimits limits({});
    base::Time now = kStart;
    // Two hours of 10 ms pieces, five times as fast as anybody speaks.
    for (int i = 0; i < 720'000; ++i) {
        EXPECT_EQ(limits.next(0.01, now), Verdict::take);
        now += milliseconds(2);
    }
}

TEST(MessageLimits, ARecordingMayComeAtOnce) {
    MessageLimits limits({});
    for (int i = 0; i < 599; ++i) EXPECT_EQ(limits.next(1, kStart), Verdict::take) << i;
}

TEST(MessageLimits, SoundWithoutEndIsRefusedThenClosed) {
    MessageLimits limits({.events_per_second = 0, .sound_speed = 2, .sound_ahead = 10});
    base::Time now = kStart;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.next(1, now), Verdict::take);
    EXPECT_EQ(limits.next(1, now), Verdict::drop_and_say);
    EXPECT_EQ(limits.next(1, now), Verdict::drop);
    now += milliseconds(500);
    EXPECT_EQ(limits.next(1, now), Verdict::take) << "twice real time is allowed";
    EXPECT_EQ(limits.next(1, now), Verdict::drop);
    now += milliseconds(500);
    EXPECT_EQ(limits.next(10, now), Verdict::drop_and_say);
    now += seconds(1);
    EXPECT_EQ(limits.next(10, now), Verdict::drop_and_say);
    now += seconds(1);
    EXPECT_EQ(limits.next(10, now), Verdict::close);
}

TEST(MessageLimits, WhoHeedsItIsForgiven) {
    MessageLimits limits({.events_per_second = 1, .sound_speed = 0, .sound_ahead = 1});
    base::Time now = kStart;
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.next(0, now), Verdict::take) << round;
        EXPECT_EQ(limits.next(0, now), Verdict::drop_and_say) << round;
        now += seconds(11);
    }
}

TEST(MessageLimits, AFloodIsClosedWithinTheSecond) {
    MessageLimits limits({.events_per_second = 100, .sound_speed = 0, .sound_ahead = 1});
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(limits.next(0, kStart), Verdict::take);
    EXPECT_EQ(limits.next(0, kStart), Verdict::drop_and_say);
    int dropped = 1;
    while (limits.next(0, kStart) == Verdict::drop) ++dropped;
    EXPECT_EQ(dropped, 1'000);
    EXPECT_EQ(limits.next(0, kStart), Verdict::close);
}

TEST(MessageLimits, OneMessageThatIsLargerThanTheStoreIsTaken) {
    MessageLimits limits({.events_per_second = 0, .sound_speed = 1, .sound_ahead = 1});
    EXPECT_EQ(limits.next(300, kStart), Verdict::take);
    EXPECT_EQ(limits.next(0.1, kStart), Verdict::drop_and_say);
}

constexpr MessageLimitSettings kKeyAlone{
    .events_per_second = 0, .sound_speed = 0, .sound_ahead = 1, .events_per_key = 10, .sound_per_key = 0};

TEST(MessageLimits, AKeysConnectionsAreCountedTogether) {
    KeyMessages keys(rates_of_key(kKeyAlone));
    MessageLimits one(kKeyAlone, keys.join("shop", kStart));
    MessageLimits two(kKeyAlone, keys.join("shop", kStart));
    MessageLimits other(kKeyAlone, keys.join("desk", kStart));
    MessageLimits none(kKeyAlone, keys.join("", kStart));
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(one.next(0, kStart), Verdict::take) << i;
        EXPECT_EQ(two.next(0, kStart), Verdict::take) << i;
    }
    EXPECT_EQ(one.next(0, kStart), Verdict::drop_and_say);
    EXPECT_EQ(two.next(0, kStart), Verdict::drop_and_say) << "each client is told";
    EXPECT_TRUE(one.key_exceeded() && two.key_exceeded());
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(other.next(0, kStart), Verdict::take) << i;
        EXPECT_EQ(none.next(0, kStart), Verdict::take) << i;
    }
    EXPECT_EQ(other.next(0, kStart), Verdict::drop_and_say) << "it has a limit of its own";
    EXPECT_EQ(none.next(0, kStart), Verdict::take);
    EXPECT_FALSE(none.any());
}

TEST(MessageLimits, WhoGoesOnAboveItsKeysLimitIsClosedAndTheOthersAreNot) {
    KeyMessages keys(rates_of_key(kKeyAlone));
    MessageLimits one(kKeyAlone, keys.join("shop", kStart));
    MessageLimits quiet(kKeyAlone, keys.join("shop", kStart));
    base::Time now = kStart;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(one.next(0, now), Verdict::take);
    EXPECT_EQ(one.next(0, now), Verdict::drop_and_say);
    int dropped = 1;
    while (one.next(0, now) == Verdict::drop) ++dropped;
    EXPECT_EQ(dropped, 100) << "another store's worth in vain";
    EXPECT_EQ(one.next(0, now), Verdict::close);
    now += seconds(1);
    EXPECT_EQ(quiet.next(0, now), Verdict::take) << "what was dropped does not count";
}

TEST(MessageLimits, WhatTheConnectionsOwnLimitDropsDoesNotCountForItsKey) {
    const MessageLimitSettings both{
        .events_per_second = 5, .sound_speed = 0, .sound_ahead = 1, .events_per_key = 10, .sound_per_key = 0};
    KeyMessages keys(rates_of_key(both));
    MessageLimits flood(both, keys.join("shop", kStart));
    MessageLimits other(both, keys.join("shop", kStart));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(flood.next(0, kStart), Verdict::take) << i;
    for (int i = 0; i < 500; ++i) EXPECT_NE(flood.next(0, kStart), Verdict::take) << i;
    EXPECT_FALSE(flood.key_exceeded());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(other.next(0, kStart), Verdict::take) << i;
}

}  // namespace
}  // namespace antiphon::edge
