#include "listen/utterance_slices.hpp"

#include <gtest/gtest.h>

namespace antiphon::listen {
namespace {

TEST(UtteranceSlices, AShortOneStaysWhole) {
    const std::vector<float> sound(16000, 0.5F);
    EXPECT_EQ(slices(sound, 16000).size(), 1U);
    EXPECT_TRUE(slices({}, 16000).empty());
}

TEST(UtteranceSlices, CutsInTheQuietAndLosesNothing) {
    std::vector<float> sound(50000, 0.5F);
    for (std::size_t i = 28000; i < 30000; ++i) sound[i] = 0.0F;
    const auto parts = slices(sound, 32000);
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_GE(parts[0].size(), 28000U);
    EXPECT_LE(parts[0].size(), 30000U);
    EXPECT_EQ(parts[0].size() + parts[1].size(), sound.size());
    EXPECT_EQ(parts[1].data(), sound.data() + parts[0].size());
}

TEST(UtteranceSlices, EvenLoudnessIsCutWithinTheLimit) {
    const std::vector<float> sound(200000, 0.5F);
    std::size_t total = 0;
    for (const auto part : slices(sound, 32000)) {
        EXPECT_LE(part.size(), 32000U);
        EXPECT_GT(part.size(), 0U);
        total += part.size();
    }
    EXPECT_EQ(total, sound.size());
}

}  // namespace
}  // namespace antiphon::listen
