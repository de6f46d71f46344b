#include "audio/g711.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace antiphon::audio {
namespace {

std::vector<std::uint8_t> every_byte() {
    std::vector<std::uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return bytes;
}

int decoded(std::uint8_t byte, Encoding encoding) {
    return static_cast<int>(std::lrint(decode(std::vector{byte}, encoding).front() * 32768.0F));
}

// Tables 1a to 2b of the recommendation, times 4 (mu-law has 14 bits) and 8 (A-law has 13).
TEST(G711, KnownValuesOfMulaw) {
    EXPECT_EQ(decoded(0xFF, Encoding::mulaw), 0);
    EXPECT_EQ(decoded(0x7F, Encoding::mulaw), 0);
    EXPECT_EQ(decoded(0xFE, Encoding::mulaw), 8);
    EXPECT_EQ(decoded(0x80, Encoding::mulaw), 8031 * 4);
    EXPECT_EQ(decoded(0x00, Encoding::mulaw), -8031 * 4);
    EXPECT_EQ(decoded(0xEF, Encoding::mulaw), 33 * 4);
    EXPECT_EQ(decoded(0x8F, Encoding::mulaw), 4191 * 4);
}

TEST(G711, KnownValuesOfAlaw) {
    EXPECT_EQ(decoded(0xD5, Encoding::alaw), 1 * 8);
    EXPECT_EQ(decoded(0x55, Encoding::alaw), -1 * 8);
    EXPECT_EQ(decoded(0xAA, Encoding::alaw), 4032 * 8);
    EXPECT_EQ(decoded(0x2A, Encoding::alaw), -4032 * 8);
    EXPECT_EQ(decoded(0xC5, Encoding::alaw), 33 * 8);
}

TEST(G711, EveryByteComesBack) {
    auto mulaw = every_byte();
    mulaw[0x7F] = 0xFF;  // the negative zero
    EXPECT_EQ(to_mulaw(from_mulaw(every_byte())), mulaw);
    EXPECT_EQ(to_alaw(from_alaw(every_byte())), every_byte());
}

TEST(G711, IsOffByHalfAStepAtMost) {
    // A step is a sixteenth of where its segment begins; in mu-law all segments are moved by 132.
    for (int sample = -32768; sample <= 32767; ++sample) {
        const int magnitude = std::abs(sample);
        const float given = static_cast<float>(sample) / 32768.0F;
        const int mulaw = decoded(encode(std::vector{given}, Encoding::mulaw).front(), Encoding::mulaw);
        const int alaw = decoded(encode(std::vector{given}, Encoding::alaw).front(), Encoding::alaw);
        if (magnitude <= 32635) {
            EXPECT_LE(std::abs(mulaw - sample), (magnitude + 132) / 32) << sample;
        }
        EXPECT_LE(std::abs(alaw - sample), std::max(8, magnitude / 32)) << sample;
    }
}

TEST(G711, ClipsAndKeepsSilentAboutNonsense) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const std::vector<float> samples{2.0F, -2.0F, kInfinity, -kInfinity, std::nanf("")};
    EXPECT_EQ(to_mulaw(samples), (std::vector<std::uint8_t>{0x80, 0x00, 0x80, 0x00, 0xFF}));
    EXPECT_EQ(to_alaw(samples), (std::vector<std::uint8_t>{0xAA, 0x2A, 0xAA, 0x2A, 0xD5}));
}

TEST(G711, AnyEncoding) {
    const std::vector<float> samples{0.5F, -0.5F};
    EXPECT_EQ(encode(samples, Encoding::pcm16), (std::vector<std::uint8_t>{0, 0x40, 0, 0xC0}));
    EXPECT_EQ(decode(std::vector<std::uint8_t>{0, 0x40, 0, 0xC0}, Encoding::pcm16), samples);
    EXPECT_EQ(encode(samples, Encoding::mulaw).size(), 2 * bytes_per_sample(Encoding::mulaw));
}

}  // namespace
}  // namespace antiphon::audio
