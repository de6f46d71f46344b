// What a call hears over a line whose packets come, stop, and come again.
#include "edge/webrtc_line.hpp"

#include "audio/opus_codec.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_packet.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;
constexpr std::uint8_t kPayloadType = 111;

struct Listener final : MediaUser {
    void heard(std::span<const float> samples) override { length += samples.size(); }
    void line_silent(bool is) override { silent = is; }
    void line_ended() override { ended = true; }

    milliseconds got() const { return milliseconds(length / 16); }

    std::size_t length = 0;
    bool silent = false;
    bool ended = false;
};

class WebRtcLineStallTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto sender = SoundSender::open({}, [](std::span<const std::uint8_t>) {}, [](base::Time) {});
        auto receiver = listen::SoundReceiver::open();
        auto opus = audio::OpusWriter::open({});
        ASSERT_TRUE(sender && receiver && opus);
        writer = std::make_unique<audio::OpusWriter>(std::move(*opus));
        WebRtcLineSettings settings;
        settings.payload_type = kPayloadType;
        settings.now = now;
        line = std::make_unique<WebRtcLine>(settings, std::move(*sender), inbox, std::move(*receiver),
                                            [](std::span<const std::uint8_t>) {}, [] {});
        line->use(listener);
    }

    /// What the line gives in that time; packets come all along, or none.
    milliseconds pass(milliseconds time, bool packets) {
        const auto before = listener->got();
        for (milliseconds passed{0}; passed < time; passed += milliseconds(20)) {
            if (packets) speak();
            skip_packet();
            line->beat(now += milliseconds(20), 1);
        }
        return listener->got() - before;
    }
    void speak() {
        std::vector<float> frame(480);
        for (float& sample : frame) sample = 0.4F * std::sin(static_cast<float>(phase++) * 0.1F);
        const auto payload = writer->encode(frame);
        ASSERT_TRUE(payload);
        put(*payload);
    }
    /// One byte that names the codec's mode and no sound.
    void pause() { put(std::vector<std::uint8_t>{9U << 3U}); }
    void put(std::span<const std::uint8_t> payload) {
        RtpPacket packet;
        packet.payload_type = kPayloadType;
        packet.ssrc = 5;
        packet.sequence = sequence;
        packet.timestamp = timestamp;
        packet.payload = payload;
        inbox->put(write_rtp(packet), now);
    }
    void skip_packet() {
        ++sequence;
        timestamp += 960;
    }

    base::Time now{std::chrono::seconds(1000)};
    std::shared_ptr<PacketInbox> inbox = std::make_shared<PacketInbox>();
    std::shared_ptr<Listener> listener = std::make_shared<Listener>();
    std::unique_ptr<audio::OpusWriter> writer;
    std::unique_ptr<WebRtcLine> line;
    std::uint16_t sequence = 100;
    std::uint32_t timestamp = 5000;
    int phase = 0;
};

TEST_F(WebRtcLineStallTest, GivesNoSilenceOfItsOwnWhenPacketsStop) {
    EXPECT_GE(pass(milliseconds(1000), true), milliseconds(960));
    const auto given = pass(milliseconds(2800), false);
    EXPECT_LE(given, milliseconds(300)) << "what was still to be heard, and a doubt's length of silence";
    EXPECT_FALSE(listener->silent);
    EXPECT_GE(pass(milliseconds(1000), true), milliseconds(960)) << "and goes on";
}

TEST_F(WebRtcLineStallTest, GivesTheSilenceOfACallerWhoPauses) {
    pass(milliseconds(1000), true);
    pause();
    EXPECT_EQ(pass(milliseconds(400), false), milliseconds(400));
    pause();
    EXPECT_EQ(pass(milliseconds(400), false), milliseconds(400));
    EXPECT_GE(pass(milliseconds(200), true), milliseconds(200));
}

TEST_F(WebRtcLineStallTest, GivesTheSilenceOfACallerWhoSendsReportsOnly) {
    pass(milliseconds(1000), true);
    EXPECT_LE(pass(milliseconds(1000), false), milliseconds(300));
    inbox->put(write_receiver_report(5, {}, "caller"), now);
    EXPECT_EQ(pass(milliseconds(400), false), milliseconds(400));
}

TEST_F(WebRtcLineStallTest, IsSilentAfterThreeSecondsOfNothing) {
    pass(milliseconds(200), true);
    pass(milliseconds(3100), false);
    EXPECT_TRUE(listener->silent);
    pass(milliseconds(100), true);
    EXPECT_FALSE(listener->silent);
    line->end();
    EXPECT_TRUE(listener->ended);
}

}  // namespace
}  // namespace antiphon::edge
