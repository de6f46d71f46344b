#include "listen/sound_receiver.hpp"

#include "audio/opus_codec.hpp"
#include "audio/pcm.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace antiphon::listen {
namespace {

using base::milliseconds;
using Packet = std::vector<std::uint8_t>;

const base::Time kStart{std::chrono::hours(10)};

std::vector<float> speech(int rate) {
    const auto wav = audio::read_wav(ANTIPHON_SOURCE_DIR "/tests/golden/jfk.wav");
    EXPECT_TRUE(wav);
    return *audio::resample(wav->samples, wav->sample_rate, rate);
}

std::vector<Packet> packets_of(const std::vector<float>& sound, bool discontinuous = false) {
    audio::OpusWriterSettings settings;
    settings.discontinuous = discontinuous;
    auto writer = *audio::OpusWriter::open(settings);
    writer.expect_loss(0.1);
    std::vector<Packet> packets;
    for (std::size_t at = 0; at + 480 <= sound.size(); at += 480)
        packets.push_back(*writer.encode({sound.data() + at, 480}));
    return packets;
}

/// Sends the packets, each lost or late as the functions say, and gives what is heard, silence as zeros.
template <typename Lost, typename Late>
std::vector<float> hear(SoundReceiver& receiver, const std::vector<Packet>& packets, Lost lost, Late late,
                        int steps_after = 30) {
    struct Sent { base::Time at; std::size_t index; std::uint16_t sequence; };
    std::vector<Sent> sent;
    std::uint16_t sequence = 65000;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (packets[i].empty()) continue;
        const std::uint16_t own = sequence++;
        if (!lost(i)) sent.push_back({kStart + milliseconds(20) * i + late(i), i, own});
    }
    std::stable_sort(sent.begin(), sent.end(), [](const Sent& a, const Sent& b) { return a.at < b.at; });
    std::vector<float> heard;
    auto next = sent.begin();
    for (std::size_t step = 0; step < packets.size() + static_cast<std::size_t>(steps_after); ++step) {
        const base::Time now = kStart + milliseconds(20) * step + milliseconds(3);
        for (; next != sent.end() && next->at <= now; ++next)
            receiver.put(next->sequence, static_cast<std::uint32_t>(next->index * 960 + 0xFFFFFF00U),
                         packets[next->index], next->at);
        const std::vector<float> frame = receiver.step(now).value_or(std::vector<float>(SoundReceiver::kFrame));
        EXPECT_EQ(frame.size(), SoundReceiver::kFrame);
        heard.insert(heard.end(), frame.begin(), frame.end());
    }
    return heard;
}

constexpr auto kNever = [](std::size_t) { return false; };
constexpr auto kAtOnce = [](std::size_t) { return milliseconds(0); };

double energy(const std::vector<float>& sound) {
    double sum = 0;
    for (const float sample : sound) sum += static_cast<double>(sample * sample);
    return sum;
}

/// The correlation of the two at the shift, up to 100 ms, where they fit best.
double likeness(const std::vector<float>& a, const std::vector<float>& b) {
    double best = 0;
    for (std::size_t shift = 0; shift < 1600; shift += 1) {
        double product = 0;
        for (std::size_t i = 0; i < a.size() && i + shift < b.size(); i += 3)
            product += static_cast<double>(a[i] * b[i + shift]);
        best = std::max(best, 3 * product);
    }
    return best / std::sqrt(energy(a) * energy(b));
}

TEST(SoundReceiver, GivesBackTheSpeechThatWasSent) {
    auto receiver = *SoundReceiver::open();
    const auto heard = hear(receiver, packets_of(speech(24000)), kNever, kAtOnce);
    EXPECT_GT(likeness(speech(16000), heard), 0.95);
    EXPECT_EQ(receiver.figures().left_out, 0U);
    EXPECT_EQ(receiver.figures().said_twice, 0U);
}

TEST(SoundReceiver, TenPercentLossTakesLittleOfTheSpeech) {
    auto receiver = *SoundReceiver::open();
    std::mt19937 random(4);
    const auto heard = hear(
        receiver, packets_of(speech(24000)), [&](std::size_t) { return random() % 10 == 0; }, kAtOnce);
    EXPECT_GT(receiver.figures().jitter.recovered, 20U);
    EXPECT_GT(likeness(speech(16000), heard), 0.80);
}

TEST(SoundReceiver, AStallIsCaughtUpInThePauses) {
    auto receiver = *SoundReceiver::open();
    const auto packets = packets_of(speech(24000));
    // From 2 s on nothing for 160 ms, then all of it.
    const auto late = [](std::size_t i) {
        return i >= 100 && i < 108 ? milliseconds(20 * (108 - i)) : milliseconds(0);
    };
    const auto heard = hear(receiver, packets, kNever, late);
    const ReceiverFigures figures = receiver.figures();
    EXPECT_EQ(figures.jitter.played, packets.size());
    EXPECT_GE(figures.left_out, 5U);
    EXPECT_LE(figures.left_out, 12U);
}

TEST(SoundReceiver, ASilentSenderIsSilence) {
    auto receiver = *SoundReceiver::open();
    std::vector<float> sound(24000 * 4, 0.0F);
    const auto voice = speech(24000);
    std::copy_n(voice.begin() + 12000, 24000, sound.begin());
    std::copy_n(voice.begin() + 12000, 24000, sound.begin() + 24000 * 3);
    const auto packets = packets_of(sound, true);
    ASSERT_GT(std::count(packets.begin(), packets.end(), Packet{}), 50);
    const auto heard = hear(receiver, packets, kNever, kAtOnce);
    EXPECT_EQ(receiver.figures().jitter.late, 0U);
    EXPECT_EQ(receiver.figures().jitter.dropped, 0U);
    const std::vector<float> first(heard.begin(), heard.begin() + 16000),
        pause(heard.begin() + 16000 * 2, heard.begin() + 16000 * 5 / 2),
        last(heard.begin() + 16000 * 3, heard.begin() + 16000 * 4);
    EXPECT_LT(audio::level_dbfs(pause), -70.0F);
    EXPECT_NEAR(audio::level_dbfs(last), audio::level_dbfs(first), 1.0F);
}

TEST(SoundReceiver, PayloadsThatAreNoOpusAreCountedAndLeft) {
    auto receiver = *SoundReceiver::open();
    receiver.put(1, 0, Packet{}, kStart);
    receiver.put(2, 960, Packet{0x1B, 0x03, 1, 2, 3}, kStart);
    receiver.put(3, 1920, Packet(1501, 0x48), kStart);
    EXPECT_EQ(receiver.figures().not_opus, 3U);
    EXPECT_EQ(receiver.figures().jitter.received, 0U);
    EXPECT_FALSE(receiver.step(kStart));
    const auto heard = hear(receiver, packets_of(speech(24000)), kNever, kAtOnce);
    EXPECT_GT(likeness(speech(16000), heard), 0.95);
}

TEST(SoundReceiver, PacketsOfOtherLengthsComeInStepsOf20Milliseconds) {
    for (const int frames : {2, 3, 6}) {
        SCOPED_TRACE(frames);
        auto receiver = *SoundReceiver::open();
        const auto made = packets_of(speech(24000));
        std::size_t heard = 0;
        for (std::size_t i = 0; i < 120; ++i) {
            const base::Time now = kStart + milliseconds(20) * i;
            if (i % static_cast<std::size_t>(frames) == 0) {
                // Code 3 with variable sizes (RFC 6716, 3.2.5), the same frame again and again.
                const Packet& one = made[100];
                Packet packet{static_cast<std::uint8_t>(one[0] | 3U),
                              static_cast<std::uint8_t>(0x80U | static_cast<unsigned>(frames))};
                ASSERT_LT(one.size() - 1, 252U);
                for (int f = 0; f + 1 < frames; ++f) packet.push_back(static_cast<std::uint8_t>(one.size() - 1));
                for (int f = 0; f < frames; ++f) packet.insert(packet.end(), one.begin() + 1, one.end());
                receiver.put(static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i * 960), packet, now);
            }
            if (const auto frame = receiver.step(now)) heard += frame->size();
        }
        EXPECT_EQ(receiver.figures().not_opus, 0U);
        EXPECT_NEAR(static_cast<double>(heard), 120 * 320, 6 * 320);
    }
}

TEST(SoundReceiver, ANewStreamIsTakenUpAfterARestart) {
    auto receiver = *SoundReceiver::open();
    const auto packets = packets_of(speech(24000));
    for (std::size_t i = 0; i < 50; ++i) {
        receiver.put(static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i * 960), packets[i],
                     kStart + milliseconds(20) * i);
        (void)receiver.step(kStart + milliseconds(20) * i);
    }
    receiver.restart();
    EXPECT_FALSE(receiver.step(kStart + milliseconds(1000)));
    std::size_t heard = 0;
    for (std::size_t i = 50; i < 100; ++i) {
        const base::Time now = kStart + milliseconds(20) * i;
        receiver.put(static_cast<std::uint16_t>(i + 40000), static_cast<std::uint32_t>(i * 960 + 123456789), packets[i],
                     now);
        heard += receiver.step(now) ? 1 : 0;
    }
    EXPECT_GE(heard, 48U);
    EXPECT_EQ(receiver.figures().jitter.restarts, 0U);
}

}  // namespace
}  // namespace antiphon::listen
