#include "app/caller_positions.hpp"

#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

using base::milliseconds;

constexpr int kRate = 24000;
constexpr std::size_t kFrame = 480;
constexpr milliseconds kBeat{20};

std::size_t at(int ms) { return static_cast<std::size_t>(ms) * kRate / 1000; }

/// `frames` are sent from this line time and position on.
void send(CallerPositions& positions, milliseconds line_time, std::size_t position, int frames) {
    for (int i = 0; i < frames; ++i)
        positions.sent(line_time + i * kBeat, kBeat, position + static_cast<std::size_t>(i) * kFrame);
}

TEST(CallerPositions, NothingHeardIsTheBeginning) {
    CallerPositions positions(kRate);
    EXPECT_EQ(positions.resume_at({}), 0U);
    send(positions, milliseconds(0), 0, 10);
    EXPECT_EQ(positions.resume_at({}), 0U);
}

TEST(CallerPositions, AWebSocketCountsFromTheFirstSample) {
    const CallerPositions positions(kRate);
    EXPECT_EQ(positions.resume_at(milliseconds(1240)), at(1240));
}

TEST(CallerPositions, ALineIsResumedAMarginBeforeWhatWasHeard) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 50);
    positions.heard(milliseconds(1000));
    send(positions, milliseconds(1000), at(1000), 100);  // of which nothing arrived
    EXPECT_EQ(positions.resume_at(milliseconds(1000)), at(800));
    EXPECT_EQ(positions.resume_at(milliseconds(100)), 0U) << "not before the beginning";
}

TEST(CallerPositions, TheLineBeganAfterTheCaller) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), at(340), 100);  // what was said before was left out
    positions.heard(milliseconds(2000));
    EXPECT_EQ(positions.resume_at(milliseconds(2000)), at(2140));
    EXPECT_EQ(positions.resume_at(milliseconds(50)), at(340));
}

TEST(CallerPositions, TheSmallestDistanceTellsWhichPacketCameFirst) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 60);
    positions.heard(milliseconds(900));  // the first 100 ms were lost, and 200 are on their way
    send(positions, milliseconds(1200), at(1200), 50);
    positions.heard(milliseconds(2100));  // none are on their way
    send(positions, milliseconds(2200), at(2200), 100);
    EXPECT_EQ(positions.resume_at(milliseconds(2100)), at(2200 - 200));
}

TEST(CallerPositions, WithoutAnyWordOfTheServerTheLastPacketIsTheBound) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 20);
    EXPECT_EQ(positions.resume_at(milliseconds(400)), at(200));
}

TEST(CallerPositions, WhatWasLeftOutIsNotCounted) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 50);
    send(positions, milliseconds(1000), at(1300), 50);  // 300 ms of quiet were left out
    positions.heard(milliseconds(2000));
    EXPECT_EQ(positions.resume_at(milliseconds(2000)), at(2100));
    EXPECT_EQ(positions.resume_at(milliseconds(1100)), at(900));
}

TEST(CallerPositions, WhatWasHeldBackIsResumedWhereItStood) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 50);
    send(positions, milliseconds(2000), at(1000), 50);  // a second of nothing between
    positions.heard(milliseconds(3000));
    EXPECT_EQ(positions.resume_at(milliseconds(3000)), at(1800));
    EXPECT_EQ(positions.resume_at(milliseconds(1500)), at(1000)) << "within the pause";
}

TEST(CallerPositions, GoesOnOverAWebSocket) {
    CallerPositions positions(kRate);
    send(positions, milliseconds(0), 0, 100);
    positions.heard(milliseconds(2000));
    positions.go_on(milliseconds(1500), at(1300));
    EXPECT_EQ(positions.resume_at(milliseconds(1500)), at(1300));
    EXPECT_EQ(positions.resume_at(milliseconds(4500)), at(4300));
}

TEST(CallerPositions, GoesOnFromTheBeginning) {
    CallerPositions positions(kRate);
    positions.go_on({}, 0);
    EXPECT_EQ(positions.resume_at(milliseconds(700)), at(700));
}

}  // namespace
}  // namespace antiphon::app
