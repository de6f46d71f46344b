#include "engine/edge_tts/speech_leveler.hpp"

#include "audio/pcm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace antiphon::engine::edge_tts {
namespace {

constexpr int kRate = 24'000;

std::vector<float> tone(double seconds, double amplitude) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * kRate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] =
            static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * 200.0 * static_cast<double>(i) / kRate));
    return samples;
}
std::vector<float> silence(double seconds) { return std::vector<float>(static_cast<std::size_t>(seconds * kRate), 0.0F); }

std::vector<float> joined(std::initializer_list<std::vector<float>> parts) {
    std::vector<float> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// All that comes out, given in pieces of `piece` samples.
std::vector<float> leveled(const std::vector<float>& in, std::size_t piece, base::milliseconds pause) {
    SpeechLeveler leveler(kRate, -20.0F);
    std::vector<float> out;
    const auto take = [&](const std::vector<float>& part) { out.insert(out.end(), part.begin(), part.end()); };
    for (std::size_t at = 0; at < in.size(); at += piece)
        take(leveler.process(std::span<const float>(in).subspan(at, std::min(piece, in.size() - at))));
    take(leveler.pause(pause));
    return out;
}

TEST(SpeechLeveler, QuietAndLoudComeOutAlike) {
    for (const double amplitude : {0.03, 0.1, 0.5}) {
        const auto out = leveled(tone(1.0, amplitude), 500, base::milliseconds(0));
        EXPECT_NEAR(audio::level_dbfs(out), -20.0F, 0.3F) << amplitude;
        EXPECT_NEAR(static_cast<double>(out.size()), kRate, kRate / 100.0);
    }
}

TEST(SpeechLeveler, SilenceGoesAtTheEndsAndStaysWithin) {
    const auto out = leveled(joined({silence(0.8), tone(0.5, 0.1), silence(0.4), tone(0.5, 0.1), silence(0.9)}), 480,
                             base::milliseconds(150));
    EXPECT_NEAR(base::seconds(audio::duration_of(out.size(), kRate)), 0.01 + 0.5 + 0.4 + 0.5 + 0.15, 0.011);
    EXPECT_GT(audio::level_dbfs(std::span<const float>(out).subspan(0, kRate / 20)), -30.0F);
    EXPECT_LT(audio::level_dbfs(std::span<const float>(out).last(kRate / 10)), -60.0F);
}

TEST(SpeechLeveler, PiecesOfAnySizeGiveTheSame) {
    const auto in = joined({silence(0.1), tone(0.6, 0.05), silence(0.1), tone(0.6, 0.3)});
    const auto whole = leveled(in, in.size(), base::milliseconds(90));
    for (const std::size_t piece : {1U, 17U, 240U, 1000U})
        EXPECT_EQ(leveled(in, piece, base::milliseconds(90)), whole) << piece;
}

TEST(SpeechLeveler, TheGainFollowsWithoutAJumpAndNothingClips) {
    const auto out = leveled(joined({tone(0.5, 0.02), tone(3.0, 0.5)}), 480, base::milliseconds(0));
    for (const float sample : out) ASSERT_LE(std::abs(sample), 0.95F);
    // From +15 dB to -11 dB, 0.1 dB in 10 ms.
    EXPECT_NEAR(audio::level_dbfs(std::span<const float>(out).last(kRate / 20)), -20.0F, 2.0F);
}

TEST(SpeechLeveler, OnlySilenceGivesNothing) {
    EXPECT_TRUE(leveled(silence(1.0), 480, base::milliseconds(150)).empty());
    EXPECT_TRUE(leveled({}, 480, base::milliseconds(150)).empty());
}

}  // namespace
}  // namespace antiphon::engine::edge_tts
