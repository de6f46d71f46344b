#include "edge/key_messages.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Time kNow{seconds(1'000)};
constexpr MessageRates kTenEvents{.events = 1, .events_at_once = 10, .sound = 0, .sound_at_once = 0};

int taken(KeyMessages::Share& share, int events, base::Time now) {
    int count = 0;
    for (int i = 0; i < events; ++i) count += share.take(0, now);
    return count;
}

TEST(KeyMessages, EventsAndSoundFillUpEvenlyOverAllConnections) {
    KeyMessages keys({.events = 2, .events_at_once = 20, .sound = 3, .sound_at_once = 180});
    const auto one = keys.join("shop", kNow);
    const auto two = keys.join("shop", kNow);
    EXPECT_EQ(taken(*one, 15, kNow), 15);
    EXPECT_EQ(taken(*two, 15, kNow), 5);
    EXPECT_FALSE(one->take(0, kNow + milliseconds(400)));
    EXPECT_TRUE(one->take(0, kNow + milliseconds(600)));
    EXPECT_FALSE(two->take(0, kNow + milliseconds(600)));

    base::Time now = kNow + seconds(60);
    EXPECT_TRUE(one->take(100, now));
    EXPECT_TRUE(two->take(80, now));
    EXPECT_FALSE(one->take(1, now));
    now += seconds(1);
    EXPECT_TRUE(one->take(2, now));
    EXPECT_TRUE(two->take(1, now));
    EXPECT_FALSE(two->take(1, now));
}

TEST(KeyMessages, ToConnectAnewRefillsNothing) {
    KeyMessages keys(kTenEvents);
    EXPECT_EQ(taken(*keys.join("shop", kNow), 20, kNow), 10);
    EXPECT_EQ(taken(*keys.join("shop", kNow), 20, kNow), 0);
    // Nor when so many others come that the idle ones are looked for.
    for (int i = 0; i < 5'000; ++i) keys.join(std::to_string(i), kNow);
    EXPECT_EQ(taken(*keys.join("shop", kNow + seconds(3)), 20, kNow + seconds(3)), 3);
}

TEST(KeyMessages, WhoHasMadeUpForItAllIsForgotten) {
    KeyMessages keys(kTenEvents);
    const auto stays = keys.join("stays", kNow);
    for (int i = 0; i < 100'000; ++i) {
        const base::Time now = kNow + milliseconds(20 * i);  // some 500 of the last ten seconds are owing
        taken(*keys.join("key " + std::to_string(i), now), 10, now);
    }
    EXPECT_LE(keys.counted(), 1'100U);
    EXPECT_EQ(taken(*stays, 20, kNow + seconds(5'000)), 10);
}

TEST(KeyMessages, AReloadCountsForConnectionsThatAreThere) {
    KeyMessages keys({});
    const auto one = keys.join("shop", kNow);
    EXPECT_EQ(taken(*one, 1'000, kNow), 1'000) << "no limit";
    keys.change(kTenEvents);
    EXPECT_EQ(one->events_at_once(), 10);
    EXPECT_EQ(taken(*one, 20, kNow), 10) << "and what was sent before it does not count";
    keys.change({});
    EXPECT_EQ(taken(*one, 1'000, kNow), 1'000);
}

TEST(KeyMessages, NoTimePassesTwice) {
    KeyMessages keys(kTenEvents);
    const auto one = keys.join("shop", kNow);
    const auto two = keys.join("shop", kNow);
    EXPECT_EQ(taken(*one, 20, kNow + seconds(5)), 10);
    // Two threads may look at the clock in one order and get here in the other.
    EXPECT_EQ(taken(*two, 20, kNow + seconds(4)), 0);
    EXPECT_EQ(taken(*one, 20, kNow + seconds(5)), 0);
    EXPECT_EQ(taken(*one, 20, kNow + seconds(6)), 1);
}

TEST(KeyMessages, WithoutAKeyNobodyIsCounted) {
    KeyMessages keys(kTenEvents);
    EXPECT_EQ(keys.join("", kNow), nullptr);
    EXPECT_EQ(keys.counted(), 0U);
}

TEST(KeyMessages, HoldAcrossThreads) {
    constexpr int kThreads = 4, kEach = 200'000, kRoom = 400'000;
    KeyMessages keys({.events = 1, .events_at_once = kRoom, .sound = 0, .sound_at_once = 0});
    std::atomic<int> shop = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i)
            threads.emplace_back([&] { shop += taken(*keys.join("shop", kNow), kEach, kNow); });
    }
    EXPECT_EQ(shop, kRoom);
}

TEST(KeyMessages, ConnectionsComeAndGoAcrossThreads) {
    KeyMessages keys({.events = 1, .events_at_once = 1'000, .sound = 0, .sound_at_once = 0});
    std::atomic<int> shop = 0;
    std::atomic<int> desk = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&, i] {
                // Others of new keys make the idle ones be looked for meanwhile.
                for (int turn = 0; turn < 300; ++turn) {
                    shop += taken(*keys.join("shop", kNow), 2, kNow);
                    desk += taken(*keys.join("desk", kNow), 1, kNow);
                    keys.join(std::to_string(i) + " " + std::to_string(turn), kNow);
                }
            });
    }
    EXPECT_EQ(shop, 1'000);
    EXPECT_EQ(desk, 1'000);
    EXPECT_LE(keys.counted(), 1'025U);
}

}  // namespace
}  // namespace antiphon::edge
