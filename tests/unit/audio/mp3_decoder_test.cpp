#include "audio/mp3_decoder.hpp"

#include "audio/pcm.hpp"
#include "audio/sound_encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <string>

namespace antiphon::audio {
namespace {

constexpr int kRate = 24'000;

std::vector<float> tone(double seconds) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * kRate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * 440.0 * static_cast<double>(i) / kRate));
    return samples;
}

std::string mp3_of(const std::vector<float>& samples, int sample_rate = kRate) {
    auto encoder = SoundEncoder::open(SoundFormat::mp3, sample_rate);
    std::string bytes = *(*encoder)->encode(samples);
    return bytes + *(*encoder)->finish();
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::vector<float> decoded(const std::string& mp3, std::size_t piece) {
    auto decoder = Mp3Decoder::open(kRate);
    std::vector<float> all;
    for (std::size_t at = 0; at < mp3.size(); at += piece) {
        const auto part = decoder->process(bytes_of(std::string_view(mp3).substr(at, piece)));
        EXPECT_TRUE(part);
        all.insert(all.end(), part->begin(), part->end());
    }
    const auto rest = decoder->finish();
    EXPECT_TRUE(rest);
    all.insert(all.end(), rest->begin(), rest->end());
    return all;
}

TEST(Mp3Decoder, GivesTheSoundBack) {
    const auto sound = decoded(mp3_of(tone(1.0)), 1 << 20);
    EXPECT_NEAR(base::seconds(duration_of(sound.size(), kRate)), 1.05, 0.06);
    const std::span<const float> middle(sound.data() + kRate / 4, kRate / 2);
    EXPECT_NEAR(rms(middle), 0.3 / std::numbers::sqrt2, 0.02);
}

TEST(Mp3Decoder, PiecesOfAnySizeGiveTheSameSound) {
    const std::string mp3 = mp3_of(tone(0.5));
    const auto whole = decoded(mp3, mp3.size());
    for (const std::size_t piece : {1U, 7U, 144U, 1000U}) EXPECT_EQ(decoded(mp3, piece), whole) << piece;
}

TEST(Mp3Decoder, SoundComesBeforeTheEnd) {
    const std::string mp3 = mp3_of(tone(2.0));
    auto decoder = Mp3Decoder::open(kRate);
    const auto half = decoder->process(bytes_of(std::string_view(mp3).substr(0, mp3.size() / 2)));
    ASSERT_TRUE(half);
    EXPECT_GT(half->size(), static_cast<std::size_t>(kRate / 2));
}

TEST(Mp3Decoder, DamageAndRubbishArePassedOver) {
    std::string mp3 = mp3_of(tone(1.0));
    std::mt19937 random(7);
    for (std::size_t i = mp3.size() / 3; i < mp3.size() / 3 + 300; ++i) mp3[i] = static_cast<char>(random());
    EXPECT_GT(decoded(mp3, 500).size(), static_cast<std::size_t>(kRate / 3));
    std::string rubbish(20'000, '\0');
    std::generate(rubbish.begin(), rubbish.end(), [&] { return static_cast<char>(random() & 0x7F); });
    EXPECT_TRUE(decoded(rubbish, 333).empty());
    EXPECT_TRUE(decoded("", 1).empty());
}

TEST(Mp3Decoder, RefusesAnotherRate) {
    auto decoder = Mp3Decoder::open(kRate);
    const auto other = decoder->process(bytes_of(mp3_of(tone(1.0), 48'000)));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, base::Errc::invalid);
}

}  // namespace
}  // namespace antiphon::audio
