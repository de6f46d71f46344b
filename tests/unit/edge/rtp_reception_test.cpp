#include "edge/rtp_reception.hpp"

#include "edge/resend_buffer.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

using base::milliseconds;
using Sequences = std::vector<std::uint16_t>;

const base::Time kStart{std::chrono::hours(7)};
constexpr std::uint16_t kFirst = 65530;

/// Packet n, sent every 20 ms and late by so much.
void receive(RtpReception& reception, int n, milliseconds late = milliseconds(0)) {
    reception.received(static_cast<std::uint16_t>(kFirst + n), static_cast<std::uint32_t>(n * 960) + 0xFFFFF000U,
                       kStart + milliseconds(20) * n + late);
}

TEST(RtpReception, ReportsNothingBeforeTheFirstPacket) {
    RtpReception reception(7, 48000);
    EXPECT_FALSE(reception.report(kStart));
    receive(reception, 0);
    EXPECT_TRUE(reception.report(kStart));
}

TEST(RtpReception, CountsWrapsOfTheSequenceNumber) {
    RtpReception reception(7, 48000);
    for (int n = 0; n < 70000; ++n) receive(reception, n);
    const auto block = *reception.report(kStart);
    EXPECT_EQ(block.highest_sequence, 65530U + 69999U);
    EXPECT_EQ(block.lost, 0);
    EXPECT_EQ(reception.timestamps_passed(), std::int64_t{69999} * 960);
}

TEST(RtpReception, LossIsToldInAllAndSinceTheLastReport) {
    RtpReception reception(7, 48000);
    for (int n = 0; n < 100; ++n)
        if (n % 4 != 1) receive(reception, n);
    auto block = *reception.report(kStart);
    EXPECT_EQ(block.lost, 25);
    EXPECT_EQ(block.fraction_lost, 64);
    for (int n = 100; n < 200; ++n) receive(reception, n);
    block = *reception.report(kStart);
    EXPECT_EQ(block.lost, 25);
    EXPECT_EQ(block.fraction_lost, 0);
}

TEST(RtpReception, DoubledPacketsMakeTheLossNegativeButNotTheFraction) {
    RtpReception reception(7, 48000);
    for (int n = 0; n < 10; ++n) {
        receive(reception, n);
        receive(reception, n);
    }
    const auto block = *reception.report(kStart);
    EXPECT_EQ(block.lost, -10);
    EXPECT_EQ(block.fraction_lost, 0);
}

TEST(RtpReception, JitterIsNothingOnASteadyWayAndFollowsAnUnsteadyOne) {
    RtpReception steady(7, 48000), unsteady(7, 48000);
    for (int n = 0; n < 500; ++n) {
        receive(steady, n);
        receive(unsteady, n, milliseconds(n % 2 * 10));
    }
    EXPECT_LE(steady.report(kStart)->jitter, 1U);
    EXPECT_NEAR(unsteady.report(kStart)->jitter, 480, 10);  // every difference is 10 ms
    EXPECT_NEAR(unsteady.jitter_seconds(), 0.010, 0.0005);
}

TEST(RtpReception, TellsWhenTheLastSenderReportCame) {
    RtpReception reception(7, 48000);
    receive(reception, 0);
    EXPECT_EQ(reception.report(kStart)->last_sender_report, 0U);
    reception.sender_report({0x1111222233334444U, 0, 0, 0}, kStart);
    const auto block = *reception.report(kStart + milliseconds(250));
    EXPECT_EQ(block.last_sender_report, 0x22223333U);
    EXPECT_EQ(block.since_sender_report, 16384U);
}

TEST(RtpReception, AJumpIsBelievedAtTheSecondPacket) {
    RtpReception reception(7, 48000);
    for (int n = 0; n < 10; ++n) receive(reception, n);
    reception.received(30000, 5, kStart);
    EXPECT_EQ(reception.report(kStart)->highest_sequence, 65539U);
    receive(reception, 10);
    reception.received(30000, 5, kStart);
    reception.received(30001, 965, kStart);
    EXPECT_EQ(reception.report(kStart)->highest_sequence, 30001U);
    EXPECT_EQ(reception.timestamps_passed(), 10 * 960);
}

TEST(RtpReception, AsksAgainForWhatIsMissingButNotForWhatWasOnlyOvertaken) {
    RtpReception reception(7, 48000);
    for (const int n : {0, 1, 3, 5}) receive(reception, n);
    const base::Time now = kStart + milliseconds(100);
    // 4 is missing since just now.
    EXPECT_EQ(reception.ask_again(now, milliseconds(30), milliseconds(200)).size(), 1U);
    receive(reception, 2, milliseconds(70));
    EXPECT_EQ(reception.ask_again(now + milliseconds(15), milliseconds(30), milliseconds(200)),
              Sequences{static_cast<std::uint16_t>(kFirst + 4)});
    // Again only after a round trip, and no third time.
    EXPECT_TRUE(reception.ask_again(now + milliseconds(25), milliseconds(30), milliseconds(200)).empty());
    EXPECT_EQ(reception.ask_again(now + milliseconds(50), milliseconds(30), milliseconds(200)).size(), 1U);
    EXPECT_TRUE(reception.ask_again(now + milliseconds(90), milliseconds(30), milliseconds(200)).empty());
}

TEST(RtpReception, AsksWhileTheAnswerComesAtMost40MsAfterItsTurn) {
    struct Case {
        int round_trip, delay;
        bool asked;
    };
    // Missed for 20 ms when the clock's beat looks at it: 20 + round trip against the buffer's delay + 40.
    for (const Case c : {Case{20, 10, true}, Case{30, 10, true}, Case{31, 10, false}, Case{60, 40, true},
                         Case{61, 40, false}, Case{140, 120, true}, Case{150, 60, false}}) {
        RtpReception reception(7, 48000);
        receive(reception, 0);
        receive(reception, 2);
        const auto asked = reception.ask_again(kStart + milliseconds(60), milliseconds(c.round_trip), milliseconds(c.delay));
        EXPECT_EQ(asked.size(), c.asked ? 1U : 0U) << c.round_trip << " ms there and back, " << c.delay << " ms of buffer";
    }
}

TEST(RtpReception, DoesNotAskForWhatWouldComeTooLateOrForABrokenWay) {
    RtpReception reception(7, 48000);
    receive(reception, 0);
    receive(reception, 2);
    EXPECT_TRUE(reception.ask_again(kStart + milliseconds(60), milliseconds(300), milliseconds(200)).empty());
    receive(reception, 40);
    EXPECT_TRUE(reception.ask_again(kStart + milliseconds(820), milliseconds(30), milliseconds(200)).empty());
}

TEST(ResendBuffer, GivesThePacketsOfLateAgainTwiceAndARoundTripApart) {
    ResendBuffer buffer;
    for (int n = 0; n < 40; ++n)
        buffer.sent(static_cast<std::uint16_t>(65520 + n), {static_cast<std::uint8_t>(n)}, kStart);
    const auto wanted = static_cast<std::uint16_t>(65520 + 30);
    EXPECT_TRUE(buffer.again(wanted, kStart + milliseconds(10), milliseconds(30)).empty());
    ASSERT_EQ(buffer.again(wanted, kStart + milliseconds(40), milliseconds(30)).size(), 1U);
    EXPECT_TRUE(buffer.again(wanted, kStart + milliseconds(50), milliseconds(30)).empty());
    EXPECT_EQ(buffer.again(wanted, kStart + milliseconds(80), milliseconds(30)).front(), 30);
    EXPECT_TRUE(buffer.again(wanted, kStart + milliseconds(200), milliseconds(30)).empty());
    EXPECT_TRUE(buffer.again(65520, kStart + milliseconds(80), milliseconds(30)).empty());  // gone
    EXPECT_TRUE(buffer.again(5000, kStart + milliseconds(80), milliseconds(30)).empty());
}

}  // namespace
}  // namespace antiphon::edge
