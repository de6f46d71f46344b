#include "listen/pause_detector.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace antiphon::listen {
namespace {

using base::milliseconds;

constexpr milliseconds kWindow{32};

std::string name(PauseEvent event) {
    switch (event) {
        case PauseEvent::none: return "none";
        case PauseEvent::onset: return "onset";
        case PauseEvent::onset_lost: return "onset_lost";
        case PauseEvent::started: return "started";
        case PauseEvent::paused: return "paused";
        case PauseEvent::resumed: return "resumed";
        case PauseEvent::ended: return "ended";
    }
    return "?";
}

/// Plays a picture of windows ('#' speech, '~' undecided, '.' silence) and writes down the events as
/// "event@window".
class PauseDetectorTest : public ::testing::Test {
protected:
    std::vector<std::string> play(const std::string& picture, milliseconds min_speech = milliseconds(64)) {
        std::vector<std::string> events;
        for (const char c : picture) {
            const float probability = c == '#' ? 0.9F : c == '~' ? 0.4F : 0.05F;
            const auto event = detector.step(probability, c == ',', min_speech);
            if (event != PauseEvent::none) events.push_back(name(event) + "@" + std::to_string(window_));
            ++window_;
        }
        return events;
    }

    PauseDetector detector{PauseSettings{}, kWindow};
    int window_ = 0;
};

using Events = std::vector<std::string>;

TEST_F(PauseDetectorTest, AWholeTurn) {
    // 120 ms of silence are 4 windows, 500 ms are 16.
    EXPECT_EQ(play("..####................"), (Events{"onset@2", "started@3", "paused@9", "ended@21"}));
    EXPECT_FALSE(detector.in_speech());
}

TEST_F(PauseDetectorTest, AClickIsLost) { EXPECT_EQ(play("..#....."), (Events{"onset@2", "onset_lost@4"})); }

TEST_F(PauseDetectorTest, OneMissedWindowDoesNotLoseAnOnset) {
    EXPECT_EQ(play("#.##", milliseconds(96)), (Events{"onset@0", "started@2"}));
}

TEST_F(PauseDetectorTest, MoreSpeechIsNeededToInterrupt) {
    EXPECT_EQ(play("#####.", milliseconds(192)), Events{"onset@0"});
    detector.reset();
    window_ = 0;
    EXPECT_EQ(play("######", milliseconds(192)), (Events{"onset@0", "started@5"}));
}

TEST_F(PauseDetectorTest, TheCallerGoesOn) {
    EXPECT_EQ(play("###.....##..."), (Events{"onset@0", "started@1", "paused@6", "resumed@9"}));
    EXPECT_TRUE(detector.in_speech());
}

TEST_F(PauseDetectorTest, OneWindowInAPauseIsNoResumption) {
    EXPECT_EQ(play("###.....#.............."), (Events{"onset@0", "started@1", "paused@6", "ended@18"}));
}

TEST_F(PauseDetectorTest, UndecidedWindowsKeepSpeechGoing) {
    EXPECT_EQ(play("###~~~~~~~~~~~~~~~~~~~~"), (Events{"onset@0", "started@1"}));
}

TEST_F(PauseDetectorTest, UndecidedWindowsDoNotResume) {
    EXPECT_EQ(play("###....~~~~~~~~~~~~"), (Events{"onset@0", "started@1", "paused@6", "ended@18"}));
}

TEST_F(PauseDetectorTest, QuietWindowsBeforeTheDetectorFallsCountAsSilence) {
    PauseDetector lagging{PauseSettings{}, kWindow};
    const auto step = [&](float probability, bool quiet) { return lagging.step(probability, quiet, milliseconds(64)); };
    for (int i = 0; i < 4; ++i) step(0.9F, false);
    // Two windows are quiet already while the probability is still high.
    EXPECT_EQ(step(0.9F, true), PauseEvent::none);
    EXPECT_EQ(step(0.9F, true), PauseEvent::none);
    EXPECT_EQ(step(0.1F, true), PauseEvent::none);
    EXPECT_EQ(step(0.1F, true), PauseEvent::paused);
    EXPECT_EQ(lagging.windows_back(), 4);
}

TEST_F(PauseDetectorTest, AnEndShorterThanTheHintEndsAtOnce) {
    PauseSettings settings;
    settings.end_silence = milliseconds(64);
    detector = PauseDetector(settings, kWindow);
    EXPECT_EQ(play("###..."), (Events{"onset@0", "started@1", "ended@4"}));
}

TEST_F(PauseDetectorTest, SaysWhereItBegan) {
    play("..##");
    EXPECT_EQ(detector.windows_back(), 2);
    play("....");
    EXPECT_EQ(detector.windows_back(), 4);
}

}  // namespace
}  // namespace antiphon::listen
