#include "engine/clause_sound.hpp"

#include "audio/pcm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace antiphon::engine {
namespace {

constexpr int kRate = 20000;

std::vector<float> tone(double seconds, double amplitude) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * kRate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] =
            static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * 200.0 * static_cast<double>(i) / kRate));
    return samples;
}
std::vector<float> between_silence(const std::vector<float>& sound, double before, double after) {
    std::vector<float> all(static_cast<std::size_t>(before * kRate), 0.0F);
    all.insert(all.end(), sound.begin(), sound.end());
    all.resize(all.size() + static_cast<std::size_t>(after * kRate), 0.0F);
    return all;
}

TEST(ClauseSound, SilenceDoesNotCountAsVoiced) {
    const float level = voiced_level_dbfs(tone(1.0, 0.1), kRate);
    EXPECT_NEAR(level, 20.0 * std::log10(0.1 / std::numbers::sqrt2), 0.1);
    EXPECT_NEAR(voiced_level_dbfs(between_silence(tone(1.0, 0.1), 2.0, 3.0), kRate), level, 0.2);
    EXPECT_EQ(voiced_level_dbfs(tone(1.0, 0.0), kRate), -120.0F);
}

TEST(ClauseSound, TrimsBothEndsToLeadAndPause) {
    const auto shaped =
        shape_clause(between_silence(tone(1.0, 0.2), 0.3, 0.5), kRate, {.pause = base::milliseconds(100)});
    EXPECT_NEAR(static_cast<double>(shaped.size()) / kRate, 0.010 + 1.0 + 0.100, 0.012);
    // Shorter than the pause in the model's own sound: made longer.
    const auto padded = shape_clause(tone(1.0, 0.2), kRate, {.pause = base::milliseconds(100)});
    EXPECT_NEAR(static_cast<double>(padded.size()) / kRate, 1.0 + 0.100, 0.012);
    EXPECT_EQ(padded.back(), 0.0F);
}

TEST(ClauseSound, QuietAndLoudComeOutAlike) {
    for (const double amplitude : {0.05, 0.1, 0.3, 0.6}) {
        const auto shaped = shape_clause(tone(1.0, amplitude), kRate, {});
        EXPECT_NEAR(voiced_level_dbfs(shaped, kRate), -20.0F, 0.2F) << amplitude;
    }
}

TEST(ClauseSound, TheGainIsLimitedAndNothingClips) {
    EXPECT_NEAR(voiced_level_dbfs(shape_clause(tone(1.0, 0.004), kRate, {.most_gain_db = 20.0F}), kRate), -31.0F, 0.3F);
    auto clicks = tone(1.0, 0.05);
    clicks[5000] = 0.9F;
    const auto shaped = shape_clause(clicks, kRate, {});
    for (const float sample : shaped) ASSERT_LE(std::abs(sample), 0.951F);
}

TEST(ClauseSound, SilenceGivesNothing) {
    EXPECT_TRUE(shape_clause({}, kRate, {}).empty());
    EXPECT_TRUE(shape_clause(tone(1.0, 0.0), kRate, {}).empty());
    EXPECT_TRUE(shape_clause(tone(1.0, 1e-5), kRate, {}).empty());
}

}  // namespace
}  // namespace antiphon::engine
