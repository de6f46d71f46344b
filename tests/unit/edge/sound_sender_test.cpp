// What a line sends, beat by beat, without a network.
#include "edge/sound_sender.hpp"

#include "edge/rtp_packet.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kFrame = 480;

class SoundSenderTest : public ::testing::Test {
protected:
    void SetUp() override {
        SoundSenderSettings settings;
        settings.payload_type = 96;
        settings.ssrc = 7;
        auto opened = SoundSender::open(
            settings, [this](std::span<const std::uint8_t> packet) { sent.emplace_back(packet.begin(), packet.end()); },
            [this](base::Time) { ++beaten; });
        ASSERT_TRUE(opened);
        sender = std::move(*opened);
        sender->open();
    }

    void beat(int times = 1) {
        for (int i = 0; i < times; ++i) sender->beat(now += milliseconds(20));
    }
    static std::vector<float> speech(std::size_t samples) {
        std::vector<float> sound(samples);
        for (std::size_t i = 0; i < samples; ++i) sound[i] = 0.4F * std::sin(static_cast<float>(i) * 0.1F);
        return sound;
    }
    RtpPacket packet(std::size_t i) const {
        const auto read = read_rtp(sent.at(i));
        EXPECT_TRUE(read);
        return *read;
    }

    base::Time now{std::chrono::seconds(1000)};
    std::vector<std::vector<std::uint8_t>> sent;
    int beaten = 0;
    std::shared_ptr<SoundSender> sender;
};

TEST_F(SoundSenderTest, OnePacketABeatWithOneMarker) {
    sender->queue(speech(10 * kFrame));
    beat(10);
    ASSERT_EQ(sent.size(), 10U);
    EXPECT_EQ(beaten, 10);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(packet(i).marker, i == 0) << i;
        EXPECT_EQ(packet(i).payload_type, 96);
        EXPECT_EQ(packet(i).ssrc, 7U);
        EXPECT_EQ(packet(i).sequence, static_cast<std::uint16_t>(packet(0).sequence + i));
        EXPECT_EQ(packet(i).timestamp, packet(0).timestamp + 960 * i);
        EXPECT_GT(packet(i).payload.size(), 10U);
    }
}

TEST_F(SoundSenderTest, InSilenceOnlyATinyPacketNowAndThen) {
    sender->queue(speech(5 * kFrame));
    beat(30);  // the sound, and the silence after it that is still encoded
    const std::size_t before = sent.size();
    beat(200);  // 4 s
    EXPECT_GE(sent.size() - before, 8U);
    EXPECT_LE(sent.size() - before, 11U);
    for (std::size_t i = before; i < sent.size(); ++i) {
        EXPECT_EQ(packet(i).payload.size(), 1U);
        EXPECT_FALSE(packet(i).marker);
    }
}

TEST_F(SoundSenderTest, TheNextSpurtIsMarkedAndItsTimeHasGoneOn) {
    sender->queue(speech(2 * kFrame));
    beat(100);
    const auto first = packet(0);
    const std::size_t before = sent.size();
    sender->queue(speech(2 * kFrame));
    beat();
    ASSERT_EQ(sent.size(), before + 1);
    EXPECT_TRUE(packet(before).marker);
    EXPECT_EQ(packet(before).timestamp, first.timestamp + 100 * 960);
    EXPECT_EQ(packet(before).sequence, static_cast<std::uint16_t>(first.sequence + before));
}

TEST_F(SoundSenderTest, TheBeginningOfAFrameWaitsForTheRestButOnce) {
    sender->queue(speech(100));
    beat();
    const std::size_t comfort = sent.size();
    beat();
    EXPECT_EQ(sent.size(), comfort + 1);
    EXPECT_GT(packet(comfort).payload.size(), 1U);
}

TEST_F(SoundSenderTest, HoldsASecondAndCountsWhatItDropsAsReceived) {
    sender->queue(speech(24000 + 4800));
    EXPECT_EQ(sender->queued(), std::chrono::seconds(1));
    EXPECT_EQ(sender->received(), 4800);
}

TEST_F(SoundSenderTest, WhatIsClearedFadesOutWithinTenMilliseconds) {
    sender->queue(speech(24000));
    beat();
    sender->clear();
    EXPECT_EQ(sender->queued(), milliseconds(10));
    EXPECT_EQ(sender->received(), 24000 - 480 - 240);
    beat();
    EXPECT_EQ(sender->queued(), milliseconds(0));
}

TEST_F(SoundSenderTest, ReportsTellWhatHasBeenReceived) {
    sender->queue(speech(10 * kFrame));
    beat(10);
    EXPECT_EQ(sender->received(), 0);
    sender->reported(packet(3).sequence, 0.1);
    EXPECT_EQ(sender->received(), 4 * static_cast<std::int64_t>(kFrame));
    sender->reported(packet(2).sequence, 0);  // an older one changes nothing
    EXPECT_EQ(sender->received(), 4 * static_cast<std::int64_t>(kFrame));
    sender->reported(packet(9).sequence + 5U, 0);  // nor does one of packets that never were
    EXPECT_EQ(sender->received(), 4 * static_cast<std::int64_t>(kFrame));
    sender->reported(packet(8).sequence, 0.6);  // where the line was cut, nobody knows what has come
    EXPECT_EQ(sender->received(), 4 * static_cast<std::int64_t>(kFrame));
    sender->reported(packet(9).sequence, 0);
    EXPECT_EQ(sender->received(), 10 * static_cast<std::int64_t>(kFrame));
}

TEST_F(SoundSenderTest, ALostPacketIsSentAgainTwiceAndNotAfterHalfASecond) {
    sender->queue(speech(3 * kFrame));
    beat(3);
    const auto lost = sent[1];
    for (int i = 0; i < 5; ++i) sender->resend(packet(1).sequence, now);
    ASSERT_EQ(sent.size(), 5U);
    EXPECT_EQ(sent[3], lost);
    EXPECT_EQ(sent[4], lost);
    sender->resend(packet(2).sequence, now + milliseconds(600));
    sender->resend(static_cast<std::uint16_t>(packet(2).sequence + 100), now);
    EXPECT_EQ(sent.size(), 5U);
}

TEST_F(SoundSenderTest, CountsForTheSenderReports) {
    sender->queue(speech(3 * kFrame));
    beat(3);
    const auto figures = sender->sent();
    EXPECT_EQ(figures.packets, 3U);
    EXPECT_EQ(figures.octets, packet(0).payload.size() + packet(1).payload.size() + packet(2).payload.size());
    EXPECT_EQ(figures.timestamp, packet(2).timestamp + 960);
    EXPECT_EQ(figures.at, now + milliseconds(20));
}

}  // namespace
}  // namespace antiphon::edge
