#include "listen/sound_memory.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace antiphon::listen {
namespace {

std::vector<float> ramp(float from, std::size_t count) {
    std::vector<float> samples(count);
    std::iota(samples.begin(), samples.end(), from);
    return samples;
}

TEST(SoundMemory, KeepsPositionsWhileItForgets) {
    SoundMemory memory(1000);
    EXPECT_EQ(memory.append(ramp(0, 600)), 0U);
    memory.forget_before(500);
    EXPECT_EQ(memory.begin(), 500);
    EXPECT_EQ(memory.append(ramp(600, 600)), 0U);
    EXPECT_EQ(memory.end(), 1200);
    EXPECT_EQ(memory.copy(550, 650), ramp(550, 100));
}

TEST(SoundMemory, DropsTheOldestBeyondItsLimit) {
    SoundMemory memory(1000);
    EXPECT_EQ(memory.append(ramp(0, 1300)), 300U);
    EXPECT_EQ(memory.begin(), 300);
    EXPECT_EQ(memory.copy(0, 310), ramp(300, 10));
}

TEST(SoundMemory, CopiesOnlyWhatIsThere) {
    SoundMemory memory(100);
    EXPECT_EQ(memory.append(ramp(0, 50)), 0U);
    EXPECT_TRUE(memory.copy(60, 90).empty());
    EXPECT_TRUE(memory.copy(40, 20).empty());
    EXPECT_EQ(memory.copy(-5, 500).size(), 50U);
    EXPECT_EQ(memory.view(-5, 500).size(), 50U);
    EXPECT_EQ(memory.view(10, 12).front(), 10.0F);
    EXPECT_TRUE(memory.view(60, 90).empty());
    memory.forget_before(1000);
    EXPECT_EQ(memory.begin(), 50);
    memory.forget_before(-1000);
    EXPECT_EQ(memory.begin(), 50);
}

TEST(SoundMemory, StaysTheSameUnderLongUse) {
    SoundMemory memory(160);
    float next = 0;
    for (int i = 0; i < 10000; ++i) {
        EXPECT_EQ(memory.append(ramp(next, 16)), i < 10 ? 0U : 16U);
        next += 16;
    }
    EXPECT_EQ(memory.copy(memory.begin(), memory.end()), ramp(next - 160, 160));
}

TEST(SoundMemory, TakesLittleMoreMemoryThanWhatCounts) {
    SoundMemory memory(100'000);
    for (int i = 0; i < 1000; ++i) {
        memory.append(ramp(0, 320));
        memory.forget_before(memory.end() - 20'000);
        EXPECT_LE(memory.room(), 23'000U);
    }
}

TEST(SoundMemory, GivesBackWhatALongUtteranceTook) {
    SoundMemory memory(500'000);
    for (int i = 0; i < 1000; ++i) memory.append(ramp(0, 320));
    EXPECT_GE(memory.room(), 320'000U);
    memory.forget_before(memory.end() - 1000);
    memory.append(ramp(7, 320));
    EXPECT_LE(memory.room(), 3 * 1320U);
    EXPECT_EQ(memory.copy(memory.end() - 320, memory.end()), ramp(7, 320));
}

}  // namespace
}  // namespace antiphon::listen
