#include "listen/jitter_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::listen {
namespace {

using base::milliseconds;
using Kind = JitterBuffer::Step::Kind;

/// A buffer, its clock, and a sender whose packet n has the payload {n}.
class JitterBufferTest : public testing::Test {
protected:
    SoundPacket packet(int n, bool has_copy = false) const {
        SoundPacket made;
        made.sequence = static_cast<std::uint16_t>(first_sequence + n);
        made.timestamp = first_timestamp + static_cast<std::uint32_t>(n) * 960U;
        made.length = milliseconds(20);
        made.has_copy = has_copy;
        made.payload = {static_cast<std::uint8_t>(n)};
        return made;
    }
    void put(int n, bool has_copy = false) { buffer.put(packet(n, has_copy), now); }

    /// "p5" packet 5, "r5" recovered from packet 5, "c" concealed, "-" nothing; and 20 ms pass.
    std::string next() {
        const auto step = buffer.next(now);
        now += milliseconds(20);
        switch (step.kind) {
            case Kind::packet: return "p" + std::to_string(step.payload.at(0));
            case Kind::recover: return "r" + std::to_string(step.payload.at(0));
            case Kind::conceal: return "c";
            case Kind::nothing: return "-";
        }
        return "?";
    }
    std::string steps(int count) {
        std::string all;
        for (int i = 0; i < count; ++i) all += next() + " ";
        return all;
    }
    /// Packets from..to, each in its time, and what is played meanwhile.
    std::string flow(int from, int to) {
        std::string all;
        for (int n = from; n <= to; ++n) {
            put(n);
            all += next() + " ";
        }
        return all;
    }

    std::uint16_t first_sequence = 65533;            // wraps soon
    std::uint32_t first_timestamp = 0xFFFFFFFFU - 2000U;
    base::Time now{std::chrono::hours(24 * 400)};
    JitterBuffer buffer;
};

TEST_F(JitterBufferTest, IsSilentBeforeTheFirstPacket) {
    EXPECT_EQ(steps(3), "- - - ");
    EXPECT_EQ(buffer.figures().concealed, 0U);
}

TEST_F(JitterBufferTest, PlaysASteadyStreamAcrossTheWrapOfBothCounters) {
    EXPECT_EQ(flow(0, 9), "- p0 p1 p2 p3 p4 p5 p6 p7 p8 ");
    EXPECT_EQ(buffer.figures().played, 9U);
}

TEST_F(JitterBufferTest, PutsOvertakenPacketsBackInOrder) {
    put(0);
    put(2);
    put(1);
    EXPECT_EQ(steps(3), "p0 p1 p2 ");
}

TEST_F(JitterBufferTest, TheFirstToComeNeedNotBeTheFirstSent) {
    put(3);
    put(1);
    put(2);
    now += milliseconds(20);
    EXPECT_EQ(steps(3), "p1 p2 p3 ");
}

TEST_F(JitterBufferTest, GivesADoubledPacketOnce) {
    put(0);
    put(0);
    next();
    EXPECT_EQ(next(), "p0");
    put(0);
    put(1);
    EXPECT_EQ(next(), "p1");
    EXPECT_EQ(buffer.figures().doubled, 2U);
}

TEST_F(JitterBufferTest, RecoversALostPacketFromTheCopyInTheNext) {
    flow(0, 4);
    put(6, true);  // 5 is lost
    EXPECT_EQ(steps(3), "p4 r6 p6 ");
    EXPECT_EQ(buffer.figures().recovered, 1U);
}

TEST_F(JitterBufferTest, ConcealsWhatNoPacketHasACopyOf) {
    flow(0, 4);
    put(6);
    EXPECT_EQ(steps(3), "p4 c p6 ");
    EXPECT_EQ(buffer.figures().recovered, 0U);
    EXPECT_EQ(buffer.figures().concealed, 1U);
}

TEST_F(JitterBufferTest, OfSeveralLostTheLastIsRecovered) {
    flow(0, 4);
    put(8, true);
    EXPECT_EQ(steps(5), "p4 c c r8 p8 ");
}

TEST_F(JitterBufferTest, ALatePacketLetsTheDelayGrowAndIsPlayed) {
    flow(0, 5);
    EXPECT_EQ(steps(3), "p5 c c ");
    put(6);
    put(7);
    put(8);
    EXPECT_EQ(steps(3), "p6 p7 p8 ");
    EXPECT_EQ(buffer.figures().late, 0U);
}

TEST_F(JitterBufferTest, WhatWasPlayedWhileWaitingStandsInForWhatWasLost) {
    flow(0, 5);
    EXPECT_EQ(steps(3), "p5 c c ");
    put(8);  // 6 and 7 are lost
    EXPECT_EQ(next(), "p8");
}

TEST_F(JitterBufferTest, ALateCopyOfWhatWasConcealedIsLeftOut) {
    flow(0, 4);
    put(6);
    EXPECT_EQ(steps(3), "p4 c p6 ");
    put(5);
    put(7);
    EXPECT_EQ(next(), "p7");
    EXPECT_EQ(buffer.figures().late, 1U);
}

TEST_F(JitterBufferTest, ASenderThatIsSilentIsNoLoss) {
    flow(0, 4);
    EXPECT_EQ(steps(8), "p4 c c c c c - - ");
    now += milliseconds(240);
    SoundPacket after = packet(5);  // the next number, but 400 ms later
    after.timestamp += 20 * 960;
    buffer.put(after, now);
    const std::string resumed = steps(3);
    EXPECT_NE(resumed.find("p5"), std::string::npos) << resumed;
    EXPECT_EQ(buffer.figures().recovered, 0U);
    EXPECT_EQ(buffer.figures().late, 0U);
}

TEST_F(JitterBufferTest, ABurstBeyondTheBoundIsShortenedOldestFirst) {
    flow(0, 4);
    EXPECT_EQ(next(), "p4");
    now += milliseconds(1000);
    for (int n = 5; n < 55; ++n) put(n);
    EXPECT_EQ(next(), "p44");  // ten packets, 200 ms, lie before the newest
    EXPECT_EQ(buffer.figures().dropped, 39U);
}

TEST_F(JitterBufferTest, HoldsNoMorePacketsThanItsLimit) {
    JitterSettings settings;
    settings.max_packets = 4;
    JitterBuffer small(settings);
    for (int n = 0; n < 8; ++n) small.put(packet(n), now);
    EXPECT_EQ(small.figures().dropped, 4U);
    EXPECT_EQ(small.next(now + milliseconds(100)).payload.at(0), 4);
}

TEST_F(JitterBufferTest, BelievesAJumpAtTheSecondPacketThatFits) {
    flow(0, 4);
    first_sequence = 20000;
    first_timestamp = 777;
    EXPECT_EQ(flow(100, 103), "p4 p100 p101 p102 ");
    EXPECT_EQ(flow(104, 105), "p103 p104 ");
    EXPECT_EQ(buffer.figures().restarts, 1U);
    EXPECT_EQ(buffer.figures().far_off, 0U);
}

TEST_F(JitterBufferTest, ASinglePacketFromFarOffDisturbsNothing) {
    flow(0, 4);
    SoundPacket stray = packet(0);
    stray.sequence = 30000;
    buffer.put(stray, now);
    EXPECT_EQ(flow(5, 8), "p4 p5 p6 p7 ");
    EXPECT_EQ(buffer.figures().far_off, 1U);
    EXPECT_EQ(buffer.figures().restarts, 0U);
}

TEST_F(JitterBufferTest, ATimestampThatStartsAgainIsANewStream) {
    flow(0, 4);
    first_timestamp += 48000U * 3600U;
    flow(5, 7);
    EXPECT_EQ(flow(8, 9), "p7 p8 ");
    EXPECT_EQ(buffer.figures().restarts, 1U);
}

TEST_F(JitterBufferTest, PacketsOfImpossibleLengthAreLeftOut) {
    SoundPacket long_one = packet(0);
    long_one.length = milliseconds(140);
    buffer.put(long_one, now);
    SoundPacket empty = packet(1);
    empty.length = {};
    buffer.put(empty, now);
    EXPECT_EQ(buffer.figures().far_off, 2U);
    EXPECT_EQ(next(), "-");
}

TEST_F(JitterBufferTest, AimsAtMoreDelayOnAWayThatJitters) {
    flow(0, 50);
    const auto steady = buffer.figures().delay;
    for (int n = 51; n < 300; ++n) {
        buffer.put(packet(n), now + milliseconds(n % 5 * 20));
        now += milliseconds(20);
    }
    EXPECT_LE(steady, milliseconds(10));
    EXPECT_GE(buffer.figures().delay, milliseconds(75));
    EXPECT_LE(buffer.figures().delay, milliseconds(95));
}

TEST_F(JitterBufferTest, TellsHowMuchDelayCouldGo) {
    flow(0, 400);
    EXPECT_LE(buffer.surplus(now), milliseconds(20));
    now += milliseconds(100);  // a single stall
    for (int n = 401; n <= 405; ++n) put(n);
    next();
    EXPECT_GE(buffer.surplus(now), milliseconds(80));
}

}  // namespace
}  // namespace antiphon::listen
