#include "app/caller_line.hpp"

#include "audio/opus_codec.hpp"
#include "audio/pcm.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_packet.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

namespace antiphon::app {
namespace {

using base::milliseconds;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kOurs = 7;
constexpr std::uint32_t kTheirs = 9;
constexpr std::size_t kFrame = CallerLine::kFrame;

std::vector<float> tone(std::size_t frames, float loudness = 0.3F) {
    std::vector<float> samples;
    for (std::size_t i = 0; i < frames * kFrame; ++i)
        samples.push_back(loudness * std::sin(static_cast<float>(i) * 0.115F));  // 440 Hz
    return samples;
}

class CallerLineTest : public testing::Test {
protected:
    void SetUp() override {
        CallerLineSettings settings;
        settings.ssrc = kOurs;
        settings.cname = "caller";
        settings.now = now_;
        auto opened = CallerLine::open(settings, [this](std::span<const std::uint8_t> packet) {
            (edge::is_rtcp(packet) ? reports_ : packets_).emplace_back(packet.begin(), packet.end());
        });
        ASSERT_TRUE(opened);
        line_ = std::move(*opened);
        audio::OpusWriterSettings opus;
        opus.discontinuous = false;
        auto writer = audio::OpusWriter::open(opus);
        ASSERT_TRUE(writer);
        writer_.emplace(std::move(*writer));
    }

    std::vector<float> beat(bool hold = false) {
        now_ += CallerLine::kBeat;
        return line_->beat(now_, said_, hold);
    }
    void say(const std::vector<float>& samples) { said_.insert(said_.end(), samples.begin(), samples.end()); }

    /// The server's next packet.
    std::optional<CallerLine::Kind> come(const Bytes& payload, bool marker = false, bool lost = false) {
        edge::RtpPacket packet;
        packet.marker = marker;
        packet.payload_type = CallerLineSettings{}.payload_type;
        packet.sequence = sequence_++;
        packet.timestamp = timestamp_ += 960;
        packet.ssrc = kTheirs;
        packet.payload = payload;
        if (lost) return std::nullopt;
        return line_->take({now_, edge::write_rtp(packet)});
    }
    Bytes voice() { return *writer_->encode(tone(1)); }

    base::Time now_ = base::Clock::now();
    std::vector<Bytes> packets_;
    std::vector<Bytes> reports_;
    std::unique_ptr<CallerLine> line_;
    std::optional<audio::OpusWriter> writer_;
    std::vector<float> said_;
    std::uint16_t sequence_ = 500;
    std::uint32_t timestamp_ = 1000;
};

TEST_F(CallerLineTest, SendsWhatIsSaidOnAClockOfItsOwn) {
    for (int i = 0; i < 10; ++i) {
        say(tone(1));
        beat();
    }
    ASSERT_EQ(packets_.size(), 10U);
    const auto first = edge::read_rtp(packets_.front());
    const auto last = edge::read_rtp(packets_.back());
    ASSERT_TRUE(first && last);
    EXPECT_TRUE(first->marker);
    EXPECT_FALSE(last->marker);
    EXPECT_EQ(first->ssrc, kOurs);
    EXPECT_EQ(static_cast<std::uint16_t>(last->sequence - first->sequence), 9);
    EXPECT_EQ(last->timestamp - first->timestamp, 9U * 960U);
    EXPECT_EQ(line_->figures().sent, 10U);
    EXPECT_EQ(line_->positions().resume_at(milliseconds(200)), 0U) << "the margin";
}

TEST_F(CallerLineTest, WhatWaitedIsMadeUpForWhereTheCallerIsQuiet) {
    say(std::vector<float>(20 * kFrame, 0.0F));  // before the line was open
    say(tone(5));
    beat();
    ASSERT_EQ(packets_.size(), 1U);
    for (int i = 0; i < 4; ++i) beat();
    EXPECT_EQ(packets_.size(), 5U);
    say(tone(1));
    beat();
    EXPECT_EQ(packets_.size(), 6U);
    line_->positions().heard(milliseconds(120));
    EXPECT_EQ(line_->positions().resume_at(milliseconds(120)), 20 * kFrame) << "the first sample that was sent";
}

TEST_F(CallerLineTest, WhatIsHeldBackGoesOutLaterAndItsTimePasses) {
    say(tone(1));
    beat();
    for (int i = 0; i < 10; ++i) {
        say(tone(1));
        beat(true);
    }
    EXPECT_EQ(packets_.size(), 1U);
    beat();
    ASSERT_EQ(packets_.size(), 2U);
    const auto first = edge::read_rtp(packets_[0]);
    const auto second = edge::read_rtp(packets_[1]);
    EXPECT_EQ(static_cast<std::uint16_t>(second->sequence - first->sequence), 1) << "nothing was lost";
    EXPECT_EQ(second->timestamp - first->timestamp, 11U * 960U);
}

TEST_F(CallerLineTest, PlaysWhatComes) {
    std::vector<float> heard;
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(come(voice(), i == 0), CallerLine::Kind::sound);
        const auto frame = beat();
        ASSERT_EQ(frame.size(), kFrame);
        heard.insert(heard.end(), frame.begin(), frame.end());
    }
    EXPECT_NEAR(audio::level_dbfs(std::span<const float>(heard).last(10 * kFrame)), -13.5F, 2.0F);
    EXPECT_EQ(line_->figures().received, 30U);
    EXPECT_EQ(line_->figures().concealed, 0U);
}

TEST_F(CallerLineTest, SilenceWhereNothingComes) {
    const auto frame = beat();
    ASSERT_EQ(frame.size(), kFrame);
    EXPECT_EQ(audio::rms(frame), 0.0F);
}

TEST_F(CallerLineTest, CountsWhatWasLostAndNotThePausesOfTheServer) {
    for (int i = 0; i < 20; ++i) {
        come(voice(), i == 0);
        beat();
    }
    for (int i = 0; i < 20; ++i) beat();  // it says nothing
    timestamp_ += 20 * 960;
    for (int i = 0; i < 20; ++i) {
        come(voice(), i == 0);
        beat();
    }
    EXPECT_EQ(line_->figures().lost, 0);
    EXPECT_EQ(line_->figures().concealed, 0U);
    for (int i = 0; i < 3; ++i) {
        come(voice(), false, true);
        beat();
    }
    for (int i = 0; i < 20; ++i) {
        come(voice());
        beat();
    }
    EXPECT_EQ(line_->figures().lost, 3);
    EXPECT_GE(line_->figures().concealed + line_->figures().recovered, 1U);
}

TEST_F(CallerLineTest, TellsTheServerSoonWhatItHas) {
    come(voice(), true);
    for (int i = 0; i < 50; ++i) {
        come(voice());
        beat();
    }
    EXPECT_GE(reports_.size(), 9U);
    const auto news = edge::read_rtcp(reports_.back());
    ASSERT_TRUE(news);
    ASSERT_EQ(news->blocks.size(), 1U);
    EXPECT_EQ(news->blocks[0].ssrc, kTheirs);
    EXPECT_GE(news->blocks[0].highest_sequence, 500U + 45U);
}

TEST_F(CallerLineTest, HearsWhatTheServerReports) {
    edge::ReportBlock block;
    block.ssrc = kOurs;
    block.fraction_lost = 25;
    block.lost = 4;
    EXPECT_EQ(line_->take({now_, edge::write_receiver_report(kTheirs, std::span(&block, 1), "server")}),
              CallerLine::Kind::report);
    EXPECT_EQ(line_->figures().sent_lost, 4);
}

TEST_F(CallerLineTest, NonsenseIsNoSign) {
    EXPECT_FALSE(line_->take({now_, {1, 2, 3}}));
    EXPECT_FALSE(line_->take({now_, {}}));
    const auto frame = beat();
    EXPECT_EQ(frame.size(), kFrame);
}

}  // namespace
}  // namespace antiphon::app
