#include "audio/pcm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace antiphon::audio {
namespace {

TEST(Pcm, CountsAndDurationsAgree) {
    for (const int rate : {8000, 11025, 16000, 22050, 24000, 44100, 48000, 192000})
        for (const std::size_t count : {0U, 1U, 2U, 7U, 160U, 441U, 22050U, 1'000'003U})
            EXPECT_EQ(samples_in(duration_of(count, rate), rate), count) << rate;
    EXPECT_EQ(duration_of(480, 24000), base::milliseconds(20));
    EXPECT_EQ(samples_in(base::milliseconds(20), 24000), 480U);
    EXPECT_EQ(samples_in(base::milliseconds(-20), 24000), 0U);
    EXPECT_EQ(samples_in(std::chrono::microseconds(60), 24000), 1U) << "1.44 samples, rounded down";
    EXPECT_EQ((Pcm{std::vector<float>(8000), 16000}.duration()), base::milliseconds(500));
}

TEST(Pcm, SixteenBitsLittleEndian) {
    const std::vector<std::uint8_t> wire{0x00, 0x00, 0x01, 0x00, 0xFF, 0xFF, 0xFF, 0x7F, 0x00, 0x80, 0x00, 0x40};
    const std::vector<float> samples = from_s16le(wire);
    ASSERT_EQ(samples.size(), 6U);
    EXPECT_EQ(samples[0], 0.0F);
    EXPECT_EQ(samples[1], 1.0F / 32768.0F);
    EXPECT_EQ(samples[2], -1.0F / 32768.0F);
    EXPECT_EQ(samples[3], 32767.0F / 32768.0F);
    EXPECT_EQ(samples[4], -1.0F);
    EXPECT_EQ(samples[5], 0.5F);
}

TEST(Pcm, EverySixteenBitValueComesBack) {
    std::vector<std::uint8_t> wire;
    for (int value = -32768; value <= 32767; ++value) {
        wire.push_back(static_cast<std::uint8_t>(value & 0xFF));
        wire.push_back(static_cast<std::uint8_t>(value >> 8 & 0xFF));
    }
    EXPECT_EQ(to_s16le(from_s16le(wire)), wire);
}

TEST(Pcm, ALastOddByteIsLeftOut) {
    EXPECT_EQ(from_s16le(std::vector<std::uint8_t>{1, 2, 3}).size(), 1U);
    EXPECT_TRUE(from_s16le(std::vector<std::uint8_t>{1}).empty());
    EXPECT_TRUE(from_s16le({}).empty());
}

TEST(Pcm, ClipsAndSilencesWhatIsNoNumber) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const std::vector<float> samples{1.0F, 1.5F, 1e30F, kInfinity, -1.0F, -7.0F, -kInfinity, std::nanf("")};
    const std::vector<float> back = from_s16le(to_s16le(samples));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(back[i], 32767.0F / 32768.0F) << i;
    for (std::size_t i = 4; i < 7; ++i) EXPECT_EQ(back[i], -1.0F) << i;
    EXPECT_EQ(back[7], 0.0F);
}

TEST(Pcm, RoundsToTheNearestAndToTheEvenOfTwo) {
    std::vector<float> samples;
    std::mt19937 random(1);
    for (int i = -40'000; i < 40'000; ++i) {
        samples.push_back((static_cast<float>(i) + 0.5F) / 32768.0F);
        samples.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    }
    const std::vector<std::uint8_t> bytes = to_s16le(samples);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const float clipped = std::isnan(samples[i]) ? 0.0F : std::clamp(samples[i] * 32768.0F, -32768.0F, 32767.0F);
        const int value = static_cast<std::int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
        ASSERT_EQ(value, std::lrint(clipped)) << samples[i];
    }
}

TEST(Pcm, Levels) {
    std::vector<float> square(1000, 0.1F);
    for (std::size_t i = 0; i < square.size(); i += 2) square[i] = -0.1F;
    EXPECT_NEAR(rms(square), 0.1F, 1e-6F);
    EXPECT_NEAR(level_dbfs(square), -20.0F, 1e-4F);
    EXPECT_EQ(rms({}), 0.0F);
    EXPECT_EQ(level_dbfs({}), -120.0F);
    EXPECT_EQ(level_dbfs(std::vector<float>(10, 0.0F)), -120.0F);
    EXPECT_NEAR(level_dbfs(std::vector<float>(10, 1.0F)), 0.0F, 1e-6F);
}

TEST(Pcm, NoticesWhatIsNoNumber) {
    std::vector<float> samples(100, 0.5F);
    EXPECT_TRUE(all_finite(samples));
    EXPECT_TRUE(all_finite({}));
    samples[99] = std::nanf("");
    EXPECT_FALSE(all_finite(samples));
    samples[99] = -std::numeric_limits<float>::infinity();
    EXPECT_FALSE(all_finite(samples));
}

}  // namespace
}  // namespace antiphon::audio
