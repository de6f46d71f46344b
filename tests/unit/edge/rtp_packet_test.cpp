#include "edge/rtp_packet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antiphon::edge {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A header with this first byte, and what follows.
Bytes with(std::uint8_t first, const Bytes& tail) {
    Bytes bytes{first, 0xEF, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 0, 0, 0, 7};
    for (const std::uint8_t byte : tail) bytes.push_back(byte);
    return bytes;
}

Bytes payload_of(const RtpPacket& packet) { return {packet.payload.begin(), packet.payload.end()}; }

TEST(RtpPacket, ReadsEveryFieldOfTheHeader) {
    const Bytes bytes = with(0x80, {1, 2, 3});
    const auto packet = read_rtp(bytes);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->marker);
    EXPECT_EQ(packet->payload_type, 111);
    EXPECT_EQ(packet->sequence, 0x1234);
    EXPECT_EQ(packet->timestamp, 0xDEADBEEFU);
    EXPECT_EQ(packet->ssrc, 7U);
    EXPECT_EQ(payload_of(*packet), (Bytes{1, 2, 3}));
}

TEST(RtpPacket, WritesWhatItReads) {
    const Bytes bytes = with(0x80, {1, 2, 3});
    EXPECT_EQ(write_rtp(*read_rtp(bytes)), bytes);
}

TEST(RtpPacket, SkipsContributingSourcesAndPadding) {
    const Bytes bytes = with(0xA2, {0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 0, 0, 3});
    EXPECT_EQ(payload_of(*read_rtp(bytes)), (Bytes{9, 8}));
    EXPECT_TRUE(payload_of(*read_rtp(with(0xA0, {0, 0, 3}))).empty());
}

TEST(RtpPacket, WhatIsCutShortIsAnError) {
    for (const Bytes& bytes :
         {Bytes{}, Bytes(11, 0x80), with(0x40, {}), with(0x81, {0, 0, 0}), with(0x90, {0xBE, 0xDE, 0}),
          with(0x90, {0xBE, 0xDE, 0, 2, 0, 0, 0, 0}), with(0xA0, {}), with(0xA0, {1, 2, 4}), with(0xA0, {1, 0})}) {
        const auto packet = read_rtp(bytes);
        ASSERT_FALSE(packet) << bytes.size();
        EXPECT_EQ(packet.error().code, base::Errc::invalid);
    }
}

TEST(RtpPacket, FindsElementsOfOneByteHeaders) {
    const Bytes bytes = with(0x90, {0xBE, 0xDE, 0, 2, 0x10, 0x9F, 0, 0x31, 0xAA, 0xBB, 0, 0, 5});
    const auto packet = read_rtp(bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(extension_element(*packet, 1)->size(), 1U);
    EXPECT_EQ(extension_element(*packet, 3)->back(), 0xBB);
    EXPECT_FALSE(extension_element(*packet, 2));
    EXPECT_FALSE(extension_element(*packet, 0));
    const auto level = audio_level(*packet, 1);
    ASSERT_TRUE(level);
    EXPECT_TRUE(level->voice);
    EXPECT_EQ(level->dbov, -31);
    EXPECT_EQ(payload_of(*packet), Bytes{5});
}

TEST(RtpPacket, FindsElementsOfTwoByteHeaders) {
    const Bytes bytes = with(0x90, {0x10, 0x05, 0, 3, 200, 0, 1, 1, 0x7F, 0, 33, 3, 1, 2, 3, 0, 5});
    const auto packet = read_rtp(bytes);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(extension_element(*packet, 200)->empty());
    EXPECT_FALSE(audio_level(*packet, 200));
    EXPECT_EQ(extension_element(*packet, 33)->size(), 3U);
    EXPECT_EQ(audio_level(*packet, 1)->dbov, -127);
    EXPECT_FALSE(audio_level(*packet, 1)->voice);
}

TEST(RtpPacket, ElementsBeyondTheExtensionAreNotThere) {
    EXPECT_FALSE(extension_element(*read_rtp(with(0x90, {0xBE, 0xDE, 0, 1, 0x1F, 0, 0, 0, 5, 5, 5, 5})), 1));
    EXPECT_FALSE(extension_element(*read_rtp(with(0x90, {0x10, 0x00, 0, 1, 0, 0, 0, 1})), 1));
    EXPECT_FALSE(
        extension_element(*read_rtp(with(0x90, {0xBE, 0xDE, 0, 2, 0xF0, 0, 0x10, 1, 0, 0, 0, 0})), 1));  // 15 ends it
    EXPECT_FALSE(extension_element(*read_rtp(with(0x90, {0x12, 0x34, 0, 1, 0x10, 1, 0, 0})), 1));        // not RFC 8285
}

TEST(RtpPacket, RtcpIsToldApartByItsSecondByte) {
    EXPECT_TRUE(is_rtcp(Bytes{0x81, 200}));
    EXPECT_TRUE(is_rtcp(Bytes{0x81, 205, 0, 2}));
    EXPECT_FALSE(is_rtcp(Bytes{0x80, 111}));
    EXPECT_FALSE(is_rtcp(Bytes{0x80, 0xEF}));  // 111 with the marker
    EXPECT_FALSE(is_rtcp(Bytes{0x80}));
}

}  // namespace
}  // namespace antiphon::edge
