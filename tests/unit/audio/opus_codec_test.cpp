#include "audio/opus_codec.hpp"

#include "audio/pcm.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace antiphon::audio {
namespace {

using base::milliseconds;
using Packet = std::vector<std::uint8_t>;

std::vector<float> speech(int rate) {
    const auto wav = read_wav(ANTIPHON_SOURCE_DIR "/tests/golden/jfk.wav");
    EXPECT_TRUE(wav);
    return *resample(wav->samples, wav->sample_rate, rate);
}

std::vector<Packet> packets_of(const std::vector<float>& sound, OpusWriterSettings settings, double expected_loss) {
    auto writer = OpusWriter::open(settings);
    EXPECT_TRUE(writer);
    writer->expect_loss(expected_loss);
    const auto frame = static_cast<std::size_t>(settings.sample_rate / 50);
    std::vector<Packet> packets;
    for (std::size_t at = 0; at + frame <= sound.size(); at += frame) {
        auto packet = writer->encode({sound.data() + at, frame});
        EXPECT_TRUE(packet);
        packets.push_back(std::move(*packet));
    }
    return packets;
}

double energy(std::span<const float> sound) {
    double sum = 0;
    for (const float sample : sound) sum += static_cast<double>(sample) * static_cast<double>(sample);
    return sum;
}

double error_energy(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
    return sum;
}

/// The correlation of a with b moved by the shift at which they fit best, up to 10 ms: codecs change the phase.
double likeness(const std::vector<float>& a, const std::vector<float>& b) {
    double best = 0;
    for (std::size_t shift = 0; shift < 160; ++shift) {
        double product = 0;
        for (std::size_t i = 0; i + shift < b.size() && i < a.size(); ++i)
            product += static_cast<double>(a[i]) * static_cast<double>(b[i + shift]);
        best = std::max(best, product);
    }
    return best / std::sqrt(energy(a) * energy(b));
}

TEST(OpusCodec, SpeechAt24kHzComesBackAt16kHz) {
    const auto packets = packets_of(speech(24000), {}, 0);
    auto reader = OpusReader::open(16000);
    ASSERT_TRUE(reader);
    std::vector<float> heard;
    for (const Packet& packet : packets) {
        const auto sound = packet.empty() ? reader->conceal(milliseconds(20)) : *reader->decode(packet);
        EXPECT_EQ(sound.size(), 320U);
        heard.insert(heard.end(), sound.begin(), sound.end());
    }
    EXPECT_GT(likeness(speech(16000), heard), 0.95);
}

TEST(OpusCodec, StaysNearTheBitrateThatIsSet) {
    for (const int bits : {16000, 24000, 32000}) {
        OpusWriterSettings settings;
        settings.bits_per_second = bits;
        const auto packets = packets_of(speech(24000), settings, 0);
        std::size_t bytes = 0;
        for (const Packet& packet : packets) bytes += packet.size();
        const double seconds = static_cast<double>(packets.size()) / 50.0;
        EXPECT_LE(static_cast<double>(bytes) * 8.0 / seconds, bits * 1.1);
        EXPECT_GE(static_cast<double>(bytes) * 8.0 / seconds, bits * 0.6);
    }
}

TEST(OpusCodec, SendsNothingInSilenceButAPacketNowAndThen) {
    auto sound = std::vector<float>(24000 * 5, 0.0F);
    std::mt19937 random(1);
    std::normal_distribution<float> noise(0.0F, 1e-5F);
    for (float& sample : sound) sample = noise(random);
    int sent = 0;
    for (const Packet& packet : packets_of(sound, {}, 0)) sent += packet.empty() ? 0 : 1;
    EXPECT_LT(sent, 40);
    EXPECT_GT(sent, 2);
    OpusWriterSettings without;
    without.discontinuous = false;
    for (const Packet& packet : packets_of(sound, without, 0)) EXPECT_FALSE(packet.empty());
}

TEST(OpusCodec, CopiesAreSentOnlyWhenLossIsExpected) {
    const auto sound = speech(24000);
    const auto copies = [&](double loss) {
        int count = 0;
        for (const Packet& packet : packets_of(sound, {}, loss)) count += OpusReader::has_copy(packet) ? 1 : 0;
        return count;
    };
    EXPECT_EQ(copies(0.0), 0);
    EXPECT_GT(copies(0.1), 250);  // of 550; silence and soft sounds need none
}

TEST(OpusCodec, CopiesBringBackMostOfWhatTenPercentLossTakes) {
    const auto packets = packets_of(speech(24000), {}, 0.1);
    int lost = 0, recovered = 0;
    double concealed_error = 0, recovered_error = 0;
    for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
        auto whole = *OpusReader::open(16000), without = *OpusReader::open(16000), with = *OpusReader::open(16000);
        std::mt19937 random(seed);
        std::bernoulli_distribution drops(0.1);
        std::vector<bool> gone;
        for (std::size_t i = 0; i < packets.size(); ++i) gone.push_back(drops(random));
        gone.front() = false;
        gone.back() = false;
        std::vector<float> a, b, c;
        for (std::size_t i = 0; i < packets.size(); ++i) {
            const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
                to.insert(to.end(), from.begin(), from.end());
            };
            append(a, packets[i].empty() ? whole.conceal(milliseconds(20)) : *whole.decode(packets[i]));
            if (packets[i].empty() || gone[i]) {
                append(b, without.conceal(milliseconds(20)));
                const bool copied = gone[i] && !gone[i + 1] && OpusReader::has_copy(packets[i + 1]);
                append(c, copied ? with.recover(packets[i + 1], milliseconds(20)) : with.conceal(milliseconds(20)));
                lost += gone[i] ? 1 : 0;
                recovered += copied ? 1 : 0;
            } else {
                append(b, *without.decode(packets[i]));
                append(c, *with.decode(packets[i]));
            }
        }
        concealed_error += error_energy(a, b) / energy(a);
        recovered_error += error_energy(a, c) / energy(a);
    }
    std::printf("10 %% lost: %d packets, %d recovered from copies; error energy %.4f of the sound's instead of %.4f\n",
                lost, recovered, recovered_error / 5, concealed_error / 5);
    EXPECT_GT(recovered, lost / 2);
    EXPECT_LT(recovered_error, concealed_error / 2);
}

TEST(OpusCodec, ConcealmentFadesOut) {
    const auto packets = packets_of(speech(24000), {}, 0);
    auto reader = *OpusReader::open(16000);
    double before = 0;
    for (std::size_t i = 0; i < 60; ++i) {
        const auto sound = packets[i].empty() ? reader.conceal(milliseconds(20)) : *reader.decode(packets[i]);
        before = std::max(before, energy(sound));
    }
    double after = 0;
    for (int i = 0; i < 10; ++i) after = energy(reader.conceal(milliseconds(20)));
    EXPECT_LT(after, before / 100);
}

TEST(OpusCodec, LengthsComeFromTheFirstByteAndTheFrameCount) {
    EXPECT_EQ(OpusReader::length_of(Packet{0xE0, 1}), base::Duration(std::chrono::microseconds(2500)));
    EXPECT_EQ(OpusReader::length_of(Packet{0x48, 1}), base::Duration(milliseconds(20)));
    EXPECT_EQ(OpusReader::length_of(Packet{0x49, 1, 2}), base::Duration(milliseconds(40)));
    EXPECT_EQ(OpusReader::length_of(Packet{0x1B, 0x02, 1, 2}), base::Duration(milliseconds(120)));
    EXPECT_EQ(OpusReader::length_of(Packet{}), std::nullopt);
    EXPECT_EQ(OpusReader::length_of(Packet{0x1B, 0x03, 1, 2, 3}), std::nullopt);  // 180 ms
    EXPECT_EQ(OpusReader::length_of(Packet{0x49, 1, 2, 3}), std::nullopt);  // two frames of one size in three bytes
}

TEST(OpusCodec, PacketsOfEveryLengthAreReadWhole) {
    auto reader = *OpusReader::open(16000);
    const auto made = packets_of(speech(24000), {}, 0);
    // Two frames in one packet (RFC 6716, 3.2.3): the same configuration, and each frame's bytes.
    Packet twice{static_cast<std::uint8_t>((made[100][0] & 0xFCU) | 1U)};
    for (int copy = 0; copy < 2; ++copy) twice.insert(twice.end(), made[100].begin() + 1, made[100].end());
    EXPECT_EQ(OpusReader::length_of(twice), base::Duration(milliseconds(40)));
    EXPECT_EQ(reader.decode(twice)->size(), 640U);
}

TEST(OpusCodec, StereoIsMixedDown) {
    auto reader = *OpusReader::open(16000);
    EXPECT_EQ(reader.decode(Packet{0xFC, 0xFF, 0xFE})->size(), 320U);  // CELT, 20 ms, two channels
}

TEST(OpusCodec, WhatIsNoPacketIsAnErrorAndTheStreamGoesOn) {
    auto reader = *OpusReader::open(16000);
    const auto packets = packets_of(speech(24000), {}, 0);
    for (const Packet& bad : {Packet{}, Packet{0x1B, 0x03, 1, 2, 3}, Packet{0x49, 1, 2, 3}}) {
        const auto sound = reader.decode(bad);
        ASSERT_FALSE(sound);
        EXPECT_EQ(sound.error().code, base::Errc::invalid);
    }
    EXPECT_TRUE(reader.decode(packets[10]));
}

TEST(OpusCodec, RandomBytesDecodeToFiniteSoundWithinBounds) {
    auto reader = *OpusReader::open(16000);
    std::mt19937 random(3);
    for (int i = 0; i < 3000; ++i) {
        Packet packet(1 + random() % 200);
        for (auto& byte : packet) byte = static_cast<std::uint8_t>(random());
        std::vector<float> sound;
        if (auto decoded = reader.decode(packet)) sound = *decoded;
        const auto more = reader.recover(packet, milliseconds(20));
        sound.insert(sound.end(), more.begin(), more.end());
        ASSERT_TRUE(all_finite(sound));
        for (const float sample : sound) ASSERT_LE(std::abs(sample), 1.0F);
    }
}

TEST(OpusCodec, SettingsThatDoNotExistAreErrors) {
    EXPECT_FALSE(OpusReader::open(44100));
    OpusWriterSettings settings;
    settings.sample_rate = 22050;
    EXPECT_FALSE(OpusWriter::open(settings));
    settings.sample_rate = 24000;
    settings.complexity = 11;
    EXPECT_FALSE(OpusWriter::open(settings));
}

TEST(OpusCodec, FramesOfAnotherLengthOrWithoutNumbersAreErrors) {
    auto writer = *OpusWriter::open({});
    EXPECT_FALSE(writer.encode(std::vector<float>(479)));
    EXPECT_FALSE(writer.encode(std::vector<float>(480, std::numeric_limits<float>::quiet_NaN())));
    EXPECT_TRUE(writer.encode(std::vector<float>(480)));
}

}  // namespace
}  // namespace antiphon::audio
