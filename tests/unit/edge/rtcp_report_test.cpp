#include "edge/rtcp_report.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

using Bytes = std::vector<std::uint8_t>;

ReportBlock block() {
    ReportBlock made;
    made.ssrc = 7;
    made.fraction_lost = 26;
    made.lost = -2;
    made.highest_sequence = 0x00021234;
    made.jitter = 480;
    made.last_sender_report = 0xAABBCCDD;
    made.since_sender_report = 32768;
    return made;
}

TEST(RtcpReport, AReceiverReportReadsAsItWasWritten) {
    const Bytes bytes = write_receiver_report(9, std::vector{block(), block()}, "someone");
    const auto news = read_rtcp(bytes);
    ASSERT_TRUE(news);
    ASSERT_EQ(news->blocks.size(), 2U);
    const ReportBlock& read = news->blocks[1];
    EXPECT_EQ(read.ssrc, 7U);
    EXPECT_EQ(read.fraction_lost, 26);
    EXPECT_EQ(read.lost, -2);
    EXPECT_EQ(read.highest_sequence, 0x00021234U);
    EXPECT_EQ(read.jitter, 480U);
    EXPECT_EQ(read.last_sender_report, 0xAABBCCDDU);
    EXPECT_EQ(read.since_sender_report, 32768U);
    EXPECT_FALSE(news->sender);
}

TEST(RtcpReport, TheBytesAreThoseOfTheStandard) {
    const Bytes expected{0x81, 201, 0,    7,    0, 0, 0, 9,    0,    0,    0,    7,    26,  0xFF, 0xFF, 0xFE,
                         0,    2,   0x12, 0x34, 0, 0, 1, 0xE0, 0xAA, 0xBB, 0xCC, 0xDD, 0,   0,    0x80, 0,
                         0x81, 202, 0,    3,    0, 0, 0, 9,    1,    4,    'n',  'a',  'm', 'e',  0,    0};
    EXPECT_EQ(write_receiver_report(9, std::vector{block()}, "name"), expected);
}

TEST(RtcpReport, ASenderReportReadsAsItWasWritten) {
    const auto news = read_rtcp(write_sender_report(9, {0xE123456780000000U, 960, 50, 4000}, {}, ""));
    ASSERT_TRUE(news && news->sender);
    EXPECT_EQ(news->sender->ssrc, 9U);
    EXPECT_EQ(news->sender->info.ntp, 0xE123456780000000U);
    EXPECT_EQ(news->sender->info.timestamp, 960U);
    EXPECT_EQ(news->sender->info.packets, 50U);
    EXPECT_EQ(news->sender->info.octets, 4000U);
}

TEST(RtcpReport, EveryNameEndsOnAWordWithAtLeastOneZero) {
    for (std::size_t length = 0; length < 300; ++length) {
        const Bytes bytes = write_receiver_report(9, {}, std::string(length, 'x'));
        ASSERT_EQ(bytes.size() % 4, 0U);
        ASSERT_EQ(bytes.back(), 0U);
        ASSERT_TRUE(read_rtcp(bytes));
    }
}

TEST(RtcpReport, MissingPacketsTravelInOneWordForSeventeen) {
    Bytes bytes = write_receiver_report(9, {}, "x");
    const std::size_t before = bytes.size();
    const std::vector<std::uint16_t> missing{65534, 65535, 0, 14, 15, 100};
    append_nack(bytes, 9, 7, missing);
    EXPECT_EQ(bytes.size() - before, 12U + 3 * 4U);
    const auto news = read_rtcp(bytes);
    ASSERT_TRUE(news);
    std::vector<std::uint16_t> read;
    for (const auto& one : news->missing) {
        EXPECT_EQ(one.ssrc, 7U);
        read.push_back(one.sequence);
    }
    EXPECT_EQ(read, missing);
}

TEST(RtcpReport, ReadsWhoSaysGoodbye) {
    Bytes bytes = write_receiver_report(9, {}, "x");
    append_goodbye(bytes, 9);
    EXPECT_EQ(read_rtcp(bytes)->gone, std::vector<std::uint32_t>{9});
}

TEST(RtcpReport, WhatItDoesNotKnowIsSkipped) {
    Bytes bytes{0x8F, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 0x80, 207, 0, 1, 0, 0, 0, 1};
    append_goodbye(bytes, 4);
    const auto news = read_rtcp(bytes);
    ASSERT_TRUE(news);
    EXPECT_TRUE(news->missing.empty());
    EXPECT_EQ(news->gone, std::vector<std::uint32_t>{4});
}

TEST(RtcpReport, WhatDoesNotFitTogetherIsAnErrorAsAWhole) {
    const Bytes whole = write_sender_report(9, {}, std::vector{block()}, "someone");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        if (size == 4 * 13) continue;  // the report alone, without its name
        EXPECT_FALSE(read_rtcp(std::span(whole).first(size))) << size;
    }
    for (const Bytes& bytes : {Bytes{}, Bytes{0x41, 201, 0, 1, 0, 0, 0, 1}, Bytes{0x81, 201, 0, 1, 0, 0, 0, 1},
                               Bytes{0x82, 203, 0, 1, 0, 0, 0, 1}, Bytes{0xA0, 201, 0, 1, 0, 0, 0, 9},
                               Bytes{0xA0, 201, 0, 1, 0, 0, 0, 0}, Bytes{0x81, 205, 0, 1, 0, 0, 0, 1}})
        EXPECT_FALSE(read_rtcp(bytes));
}

TEST(RtcpReport, ManyBlocksAndManyMissingAreBounded) {
    Bytes bytes;
    for (int i = 0; i < 4; ++i) {
        const Bytes one = write_receiver_report(9, std::vector<ReportBlock>(40, block()), "x");
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    std::vector<std::uint16_t> missing(1000);
    for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = static_cast<std::uint16_t>(i);
    append_nack(bytes, 9, 7, missing);
    const auto news = read_rtcp(bytes);
    ASSERT_TRUE(news);
    EXPECT_EQ(news->blocks.size(), kMaxBlocks);
    EXPECT_EQ(news->missing.size(), kMaxMissing);
}

TEST(NtpClock, CountsFromNineteenHundredAndRunsSteadily) {
    const base::Time now{std::chrono::hours(5)};
    const NtpClock clock(now, std::chrono::system_clock::time_point(std::chrono::milliseconds(500)));
    EXPECT_EQ(clock.at(now), (2'208'988'800ULL << 32U) + (1ULL << 31U));
    EXPECT_EQ(clock.at(now + base::milliseconds(1500)) - clock.at(now), (3ULL << 32U) / 2);
    EXPECT_EQ(clock.middle(now + base::milliseconds(1000)) - clock.middle(now), 65536U);
}

TEST(RtcpReport, TheRoundTripIsWhatThePeerDidNotHoldTheReportFor) {
    const base::Time sent{std::chrono::hours(5)};
    const NtpClock clock(sent, std::chrono::system_clock::time_point(std::chrono::hours(400000)));
    ReportBlock answer;
    answer.last_sender_report = clock.middle(sent);
    answer.since_sender_report = 65536 / 2;
    const auto trip = round_trip(answer, clock.middle(sent + base::milliseconds(580)));
    ASSERT_TRUE(trip);
    EXPECT_NEAR(base::seconds(*trip), 0.08, 0.001);
    EXPECT_EQ(round_trip(answer, clock.middle(sent + base::milliseconds(500)) - 3), base::Duration::zero());
    EXPECT_FALSE(round_trip(answer, clock.middle(sent + base::milliseconds(400))));
    EXPECT_FALSE(round_trip(answer, clock.middle(sent + std::chrono::seconds(70))));
    answer.last_sender_report = 0;
    EXPECT_FALSE(round_trip(answer, 5));
}

}  // namespace
}  // namespace antiphon::edge
