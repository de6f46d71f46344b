#include "app/caller_playout.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace antiphon::app {
namespace {

using base::milliseconds;

TEST(CallerPlayout, AnEarlyChunkWaitsForTheOneBeforeIt) {
    CallerPlayout playout(1000);
    EXPECT_EQ(playout.take(std::vector<float>(100, 0.1F), milliseconds(50)), 50U);
    EXPECT_EQ(playout.take(std::vector<float>(100, 0.2F), milliseconds(60)), 150U);
    EXPECT_EQ(playout.end(), milliseconds(250));
    const auto& samples = playout.played().samples;
    EXPECT_EQ(samples[49], 0.0F);
    EXPECT_EQ(samples[50], 0.1F);
    EXPECT_EQ(samples[149], 0.1F);
    EXPECT_EQ(samples[150], 0.2F);
}

TEST(CallerPlayout, ALateChunkIsHeardLate) {
    CallerPlayout playout(1000);
    playout.take(std::vector<float>(100, 0.1F), milliseconds(0));
    EXPECT_EQ(playout.take(std::vector<float>(10, 0.2F), milliseconds(130)), 130U);
    EXPECT_EQ(playout.played().samples[129], 0.0F);
    EXPECT_EQ(playout.end(), milliseconds(140));
}

TEST(CallerPlayout, AnEmptyChunkTakesNoTime) {
    CallerPlayout playout(1000);
    EXPECT_EQ(playout.take({}, milliseconds(500)), 500U);
    EXPECT_EQ(playout.end(), milliseconds(0));
}

TEST(CallerPlayout, CutDropsWhatWasStillToBePlayed) {
    CallerPlayout playout(1000);
    playout.take(std::vector<float>(100, 0.1F), milliseconds(0));
    playout.cut(milliseconds(40));
    EXPECT_EQ(playout.end(), milliseconds(40));
    playout.cut(milliseconds(70));  // nothing is left to be cut
    EXPECT_EQ(playout.end(), milliseconds(40));
    EXPECT_EQ(playout.take(std::vector<float>(5, 0.3F), milliseconds(80)), 80U);
}

}  // namespace
}  // namespace antiphon::app
