// A line by itself: what it counts of the caller's sound and of its own, and when it takes the caller for silent.
#include "edge/webrtc_line.hpp"

#include "edge/rtp_packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

namespace antiphon::edge {
namespace {

using base::milliseconds;

constexpr std::uint32_t kOurs = 1111, kTheirs = 2222;

struct Ear final : MediaUser {
    void heard(std::span<const float> samples) override { sound += milliseconds(samples.size() / 16); }
    void line_silent(bool now) override { silent = now; }
    void line_ended() override { ++ends; }
    milliseconds sound{};
    bool silent = false;
    int ends = 0;
};

class WebRtcLineTest : public testing::Test {
protected:
    void SetUp() override {
        SoundSenderSettings out;
        out.ssrc = kOurs;
        auto opened = SoundSender::open(
            out,
            [this](std::span<const std::uint8_t> packet) {
                sent = read_rtp(packet)->sequence;
                sent_timestamp = read_rtp(packet)->timestamp;
            },
            [](base::Time) {});
        ASSERT_TRUE(opened);
        sender = std::move(*opened);
        sender->open();
        WebRtcLineSettings settings;
        settings.ssrc = kOurs;
        settings.metrics = &line_metrics;
        settings.now = now;
        settings.wall = std::chrono::system_clock::now();
        clock.emplace(settings.now, settings.wall);
        auto receiver = listen::SoundReceiver::open();
        ASSERT_TRUE(receiver);
        line = std::make_unique<WebRtcLine>(settings, sender, inbox, std::move(*receiver),
                                            [this](std::span<const std::uint8_t> packet) { take_report(packet); }, [] {});
        line->use(ear);
    }

    void take_report(std::span<const std::uint8_t> packet) {
        if (const auto news = read_rtcp(packet); news && news->sender) {
            told = news->sender->info;
            told_at = now;
        }
    }
    /// The caller's next packet, unless it is lost.
    void put(bool lost = false) {
        // 20 ms of silence, as Opus has it.
        static constexpr std::uint8_t kSilence[] = {0xF8, 0xFF, 0xFE};
        RtpPacket packet;
        packet.payload_type = 111;
        packet.sequence = sequence++;
        packet.timestamp = timestamp;
        packet.ssrc = stream;
        packet.payload = kSilence;
        if (!lost) inbox->put(write_rtp(packet), now);
        timestamp += 960;
    }
    /// 20 ms.
    void beat(bool lost = false, bool sends = true) {
        if (sends) put(lost);
        else timestamp += 960;  // the caller's clock runs on
        now += milliseconds(20);
        line->beat(now, 1);
        sender->beat(now);
    }
    void beats(int count, bool sends = true) {
        for (int i = 0; i < count; ++i) beat(false, sends);
    }
    /// The caller tells that it has all that was sent but the last packets.
    void report(int lacking = 1, ReportBlock block = {}) {
        block.ssrc = kOurs;
        block.highest_sequence = static_cast<std::uint32_t>(sent - lacking);
        const std::vector<ReportBlock> blocks{block};
        inbox->put(write_receiver_report(kTheirs, blocks, "caller"), now);
    }
    /// A second of it, as a voice that DTX does not leave out.
    static std::vector<float> tone() {
        std::vector<float> samples(24000);
        for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = 0.3F * std::sin(0.1F * static_cast<float>(i));
        return samples;
    }
    std::int64_t taken() const { return base::whole_milliseconds(line->caller_sound()); }

    base::Metrics metrics;
    LineMetrics line_metrics{metrics};
    base::Time now{std::chrono::hours(1)};
    std::uint16_t sequence = 700, sent = 0;
    std::uint32_t sent_timestamp = 0;
    std::optional<NtpClock> clock;
    std::optional<SenderInfo> told;  ///< by our last report
    base::Time told_at{};
    std::uint32_t timestamp = 0xFFFFF000U, stream = kTheirs;
    std::shared_ptr<PacketInbox> inbox = std::make_shared<PacketInbox>();
    std::shared_ptr<SoundSender> sender;
    std::shared_ptr<Ear> ear = std::make_shared<Ear>();
    std::unique_ptr<WebRtcLine> line;
};

TEST_F(WebRtcLineTest, TheCallersSoundIsCountedByItsOwnTime) {
    EXPECT_EQ(taken(), 0);
    for (int n = 0; n < 47; ++n) beat(n >= 10 && n < 13);
    EXPECT_EQ(taken(), 940);
    for (int n = 0; n < 2; ++n) put();
    beat();
    EXPECT_NEAR(static_cast<double>(taken()), 960.0, 20.0) << "what waits in the jitter buffer has not been given yet";
    beats(5, false);
    EXPECT_EQ(taken(), 1000) << "the three lost ones count";
    beats(45, false);
    EXPECT_EQ(taken(), 1000) << "nobody knows yet that time has passed";
    beats(1);
    beats(5, false);
    EXPECT_EQ(taken(), 2020) << "one packet tells of the silence before it";
}

TEST_F(WebRtcLineTest, AnotherStreamGoesOnWhereTheFirstEnded) {
    beats(50);
    beats(11, false);
    const auto before = taken();
    EXPECT_EQ(before, 1000);
    // As after a new microphone; its time says nothing of that of the first.
    timestamp = 77;
    sequence = 9;
    stream = kTheirs + 1;
    beats(25);
    beats(5, false);
    EXPECT_NEAR(static_cast<double>(taken()), 1500.0, 20.0);
}

TEST_F(WebRtcLineTest, ASenderReportIsOfTheMomentInWhichItIsSent) {
    line->send(tone());
    while (!told) beat();
    // So the caller's answer tells the round trip, also where that is shorter than a packet.
    EXPECT_EQ(told->ntp, clock->at(told_at));
    // The report goes before this beat's packet, whose sound is of the same moment.
    EXPECT_EQ(told->timestamp, sent_timestamp);
}

TEST_F(WebRtcLineTest, ARoundTripIsObservedOnlyWhenAReportTellsIt) {
    const auto observed = [&](int times) {
        EXPECT_THAT(metrics.text(), testing::HasSubstr("antiphon_webrtc_round_trip_seconds_count " + std::to_string(times) + "\n"));
    };
    line->send(tone());
    while (!told) beat();
    ReportBlock answer;
    answer.last_sender_report = static_cast<std::uint32_t>(told->ntp >> 16U);
    beats(3);
    report(1, answer);
    beat();
    observed(1);
    report();  // of a client that has had no report of ours since
    beat();
    report();
    beat();
    observed(1);
    report(1, answer);
    beat();
    observed(2);
}

TEST_F(WebRtcLineTest, AWellLineHasBroughtWhatWasSentSinceItsLastReport) {
    line->send(tone());
    beats(15);
    EXPECT_EQ(line->received(), 0) << "nothing is known";
    report(3);
    beat();
    const auto reported = line->received();
    EXPECT_GE(reported, 15 * 480);
    beats(20);
    EXPECT_EQ(line->received(), reported + 20 * 480);
    // The way is cut: what was sent since the report may be lost.
    beats(11, false);
    EXPECT_LT(line->received(), reported);
    EXPECT_GE(line->received(), 12 * 480);
    beats(10);
    EXPECT_LT(line->received(), reported) << "it goes on, but what came before is not known";
    report(1);
    beats(2);
    EXPECT_GT(line->received(), reported);
}

TEST_F(WebRtcLineTest, ReportsThatLagTellThatNothingComesThrough) {
    line->send(tone());
    beats(30);
    report(25);
    beats(10);
    EXPECT_LE(line->received(), 6 * 480);
}

TEST_F(WebRtcLineTest, IsSilentAfterThreeSecondsOfNothingAtAll) {
    beats(10);
    beats(149, false);
    EXPECT_FALSE(ear->silent);
    beats(3, false);
    EXPECT_TRUE(ear->silent);
    beats(1);
    EXPECT_FALSE(ear->silent);
}

TEST_F(WebRtcLineTest, WhoOnlyListensIsNotSilent) {
    beats(10);
    for (int seconds = 0; seconds < 10; ++seconds) {
        beats(50, false);
        line->alive(now);
    }
    EXPECT_FALSE(ear->silent);
    const auto sound = ear->sound;
    beats(50, false);
    EXPECT_EQ(ear->sound - sound, milliseconds(1000)) << "the call hears silence";
    report();
    beats(149, false);
    EXPECT_FALSE(ear->silent) << "reports are a sign of life as well";
    beats(5, false);
    EXPECT_TRUE(ear->silent);
    line->end();
    EXPECT_EQ(ear->ends, 1);
}

}  // namespace
}  // namespace antiphon::edge
