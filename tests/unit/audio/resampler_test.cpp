#include "audio/resampler.hpp"

#include "audio/pcm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace antiphon::audio {
namespace {

std::vector<float> tone(double frequency, double seconds, int rate) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] =
            0.5F * static_cast<float>(std::sin(2.0 * std::numbers::pi * frequency * static_cast<double>(i) / rate));
    return samples;
}

/// Amplitude and phase of one frequency in the sound (a single bin of the Fourier transform).
struct Component {
    double amplitude;
    double phase;
};
Component component(std::span<const float> samples, double frequency, int rate) {
    double re = 0.0;
    double im = 0.0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double angle = 2.0 * std::numbers::pi * frequency * static_cast<double>(i) / rate;
        re += static_cast<double>(samples[i]) * std::sin(angle);
        im += static_cast<double>(samples[i]) * std::cos(angle);
    }
    return {2.0 * std::hypot(re, im) / static_cast<double>(samples.size()), std::atan2(im, re)};
}

struct Rates {
    int from;
    int to;
};
constexpr Rates kRates[] = {{24000, 16000}, {22050, 24000}, {16000, 24000}, {48000, 16000}, {16000, 48000},
                            {44100, 24000}, {8000, 16000},  {24000, 8000},  {22050, 16000}, {192000, 8000}};

TEST(Resampler, AWholeSoundKeepsItsLength) {
    for (const auto [from, to] : kRates)
        for (const std::size_t count : {1U, 10U, 480U, 4801U, 100'003U}) {
            const auto made = resample(std::vector<float>(count, 0.1F), from, to);
            ASSERT_TRUE(made);
            const double expected = static_cast<double>(count) * to / from;
            EXPECT_NEAR(static_cast<double>(made->size()), expected, 1.0)
                << count << " samples, " << from << " to " << to;
        }
}

TEST(Resampler, AToneKeepsItsFrequencyLevelAndPlace) {
    for (const auto [from, to] : kRates) {
        const double frequency = 1000.0;
        const auto made = resample(tone(frequency, 1.0, from), from, to);
        ASSERT_TRUE(made);
        const auto middle =
            std::span<const float>(*made).subspan(static_cast<std::size_t>(to / 10), static_cast<std::size_t>(to / 2));
        const Component heard = component(middle, frequency, to);
        EXPECT_NEAR(heard.amplitude, 0.5, 0.01) << from << " to " << to;
        // A tenth of a second is 100 whole waves, so the phase is the delay: below 20 us of 1000 us.
        EXPECT_NEAR(heard.phase, 0.0, 2.0 * std::numbers::pi * 0.02) << from << " to " << to;
        // Nothing but the tone: the rest lies 50 dB below it.
        double rest = 0.0;
        for (std::size_t i = 0; i < middle.size(); ++i) {
            const double angle = 2.0 * std::numbers::pi * frequency * static_cast<double>(i) / to + heard.phase;
            rest += std::pow(static_cast<double>(middle[i]) - heard.amplitude * std::sin(angle), 2.0);
        }
        EXPECT_LT(std::sqrt(rest / static_cast<double>(middle.size())), 0.5 / std::sqrt(2.0) * 0.00316)
            << from << " to " << to;
    }
}

TEST(Resampler, WhatTheLowerRateCannotCarryIsGone) {
    const auto made = resample(tone(10'500.0, 1.0, 24000), 24000, 16000);
    ASSERT_TRUE(made);
    const auto middle = std::span<const float>(*made).subspan(1000, 14'000);
    EXPECT_LT(level_dbfs(middle), -60.0F) << "it would fold down to 5500 Hz";
}

TEST(Resampler, AStreamIsTheSameAsTheWhole) {
    std::mt19937 random(1);
    std::vector<float> noise(50'000);
    for (float& sample : noise) sample = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    for (const auto [from, to] : kRates) {
        const auto whole = resample(noise, from, to);
        auto stream = Resampler::open(from, to);
        ASSERT_TRUE(stream);
        std::vector<float> pieces;
        for (std::size_t at = 0; at < noise.size();) {
            const std::size_t count = std::min<std::size_t>(random() % 700, noise.size() - at);
            const auto made = stream->process(std::span<const float>(noise).subspan(at, count));
            pieces.insert(pieces.end(), made.begin(), made.end());
            at += count;
        }
        const auto rest = stream->flush();
        pieces.insert(pieces.end(), rest.begin(), rest.end());
        ASSERT_EQ(pieces.size(), whole->size()) << from << " to " << to;
        for (std::size_t i = 0; i < pieces.size(); ++i) ASSERT_NEAR(pieces[i], (*whole)[i], 1e-5F) << i;
    }
}

TEST(Resampler, HoldsBackLessThanTenMilliseconds) {
    for (const auto [from, to] : kRates) {
        auto stream = Resampler::open(from, to);
        ASSERT_TRUE(stream);
        const auto made = stream->process(std::vector<float>(static_cast<std::size_t>(from / 10), 0.1F));
        EXPECT_GE(static_cast<double>(made.size()), 0.090 * to) << from << " to " << to;
    }
}

TEST(Resampler, AfterFlushANewStreamBegins) {
    auto stream = Resampler::open(24000, 16000);
    ASSERT_TRUE(stream);
    const auto speech = tone(440.0, 0.2, 24000);
    const auto once = [&] {
        auto made = stream->process(speech);
        const auto rest = stream->flush();
        made.insert(made.end(), rest.begin(), rest.end());
        return made;
    };
    const auto first = once();
    const auto second = once();
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) ASSERT_NEAR(first[i], second[i], 1e-6F) << i;
}

TEST(Resampler, EqualRatesPassThrough) {
    const auto speech = tone(440.0, 0.1, 24000);
    auto stream = Resampler::open(24000, 24000);
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->process(speech), speech);
    EXPECT_TRUE(stream->flush().empty());
    EXPECT_EQ(*resample(speech, 24000, 24000), speech);
}

TEST(Resampler, NothingInNothingOut) {
    auto stream = Resampler::open(24000, 16000);
    ASSERT_TRUE(stream);
    EXPECT_TRUE(stream->process({}).empty());
    EXPECT_TRUE(resample({}, 24000, 16000)->empty());
    EXPECT_TRUE(resample({}, 24000, 24000)->empty());
}

TEST(Resampler, RefusesRatesOutOfRange) {
    for (const auto [from, to] :
         {Rates{7999, 16000}, Rates{16000, 7999}, Rates{192001, 16000}, Rates{0, 16000}, Rates{16000, -1}}) {
        EXPECT_FALSE(Resampler::open(from, to));
        const auto made = resample(std::vector<float>(10), from, to);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, base::Errc::invalid);
    }
}

}  // namespace
}  // namespace antiphon::audio
