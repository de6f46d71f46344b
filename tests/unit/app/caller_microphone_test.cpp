#include "app/caller_microphone.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antiphon::app {
namespace {

TEST(CallerMicrophone, TheRoomIsNeverSilent) {
    CallerMicrophone microphone(1);
    for (int i = 0; i < 50; ++i) {
        const auto frame = microphone.next_frame();
        ASSERT_EQ(frame.size(), CallerMicrophone::kFrame);
        EXPECT_NEAR(audio::level_dbfs(frame), -65.0F, 1.0F);
        const auto wire = audio::to_s16le(frame);
        EXPECT_TRUE(std::any_of(wire.begin(), wire.end(), [](std::uint8_t byte) { return byte != 0; }));
    }
    EXPECT_EQ(microphone.sent().size(), 50 * CallerMicrophone::kFrame);
}

TEST(CallerMicrophone, TheSameSeedIsTheSameRoom) {
    CallerMicrophone one(3);
    CallerMicrophone other(3);
    CallerMicrophone another(4);
    EXPECT_TRUE(std::ranges::equal(one.next_frame(), other.next_frame()));
    EXPECT_FALSE(std::ranges::equal(one.sent(), another.next_frame()));
}

TEST(CallerMicrophone, SpeaksFromTheNextFrameOn) {
    CallerMicrophone microphone(1);
    microphone.next_frame();
    EXPECT_FALSE(microphone.speaking());
    // One frame and a half: the other half is the room.
    EXPECT_EQ(microphone.speak(std::vector<float>(720, 0.5F)), 480U);
    EXPECT_TRUE(microphone.speaking());
    microphone.next_frame();
    EXPECT_TRUE(microphone.speaking());
    microphone.next_frame();
    EXPECT_FALSE(microphone.speaking());
    const auto& sent = microphone.sent();
    EXPECT_NEAR(sent[479], 0.0F, 0.001F);
    EXPECT_NEAR(sent[480], 0.5F, 0.001F);
    EXPECT_NEAR(sent[1199], 0.5F, 0.001F);
    EXPECT_NEAR(sent[1200], 0.0F, 0.001F);
}

}  // namespace
}  // namespace antiphon::app
