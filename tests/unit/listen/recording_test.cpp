#include "listen/recording.hpp"

#include "fakes/fake_recognizer.hpp"
#include "fakes/fake_voice_detector.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

namespace antiphon::listen {
namespace {

constexpr std::size_t kWindow = 512;

TEST(SpeechStretches, KeepsShortPausesAndCutsAtLongOnes) {
    std::vector<float> probabilities(100, 0.0F);
    for (const std::size_t i : {20U, 21U, 22U, 30U, 31U, 60U, 61U}) probabilities[i] = 0.9F;
    const auto stretches = speech_stretches(probabilities, kWindow, 100 * kWindow);
    ASSERT_EQ(stretches.size(), 2U) << "the pause of seven windows (224 ms) is none, that of 28 is";
    EXPECT_EQ(stretches[0].from, 20 * kWindow - 3200);
    EXPECT_EQ(stretches[0].to, 32 * kWindow + 3200);
    EXPECT_EQ(stretches[1].from, 60 * kWindow - 3200);
    EXPECT_NEAR(stretches[0].speech, 0.9F, 1e-5F);
}

TEST(SpeechStretches, MarginsStayWithinTheSoundAndTheHalfPause) {
    std::vector<float> probabilities(20, 0.0F);
    probabilities[0] = probabilities[1] = 0.9F;
    probabilities[18] = probabilities[19] = 0.9F;
    const auto stretches = speech_stretches(probabilities, kWindow, 20 * kWindow - 100);
    ASSERT_EQ(stretches.size(), 2U);
    EXPECT_EQ(stretches[0].from, 0U);
    EXPECT_EQ(stretches[1].to, 20 * kWindow - 100);
    EXPECT_LE(stretches[0].to, stretches[1].from);
}

TEST(SpeechStretches, GoesOnWithLessThanItBeginsWith) {
    EXPECT_TRUE(speech_stretches(std::vector<float>{0.4F, 0.45F, 0.4F}, kWindow, 3 * kWindow).empty());
    const auto stretches = speech_stretches(std::vector<float>{0.6F, 0.4F, 0.4F}, kWindow, 3 * kWindow);
    ASSERT_EQ(stretches.size(), 1U);
    EXPECT_NEAR(stretches[0].speech, (0.6F + 0.4F + 0.4F) / 3, 1e-5F);
    EXPECT_TRUE(speech_stretches({}, kWindow, 0).empty());
}

class Recording : public testing::Test {
protected:
    void speak(double seconds) { tone(seconds, 0.3F); }
    void pause(double seconds) { tone(seconds, 0.0F); }
    void tone(double seconds, float level) {
        const auto count = static_cast<std::size_t>(seconds * 16000);
        for (std::size_t i = 0; i < count; ++i)
            request.sound.samples.push_back(level * std::sin(0.2F * static_cast<float>(i)));
    }
    base::Result<RecordingWords> recognize(const std::stop_token& stop = {}) {
        return recognize_recording(request, detector, recognizer, [this](const Segment& segment) { taken.push_back(segment.text); }, stop);
    }

    RecordingRequest request{{{}, 16000}, "", ""};
    fakes::FakeVoiceDetector detector;
    fakes::FakeRecognizer recognizer;
    std::vector<std::string> taken;
};

TEST_F(Recording, GivesSegmentsWithTheirTimes) {
    pause(1.0), speak(2.0), pause(1.0), speak(1.0), pause(0.5);
    recognizer.answer_with("One.");
    recognizer.answer_with("Two.");
    const auto words = recognize();
    ASSERT_TRUE(words) << words.error().text;
    EXPECT_EQ(words->text, "One. Two.");
    EXPECT_EQ(words->language, "en");
    EXPECT_EQ(taken, (std::vector<std::string>{"One.", "Two."}));
    EXPECT_NEAR(base::seconds(words->duration), 5.5, 1e-6);
    ASSERT_EQ(words->segments.size(), 2U);
    EXPECT_NEAR(base::seconds(words->segments[0].start), 0.8, 0.05);
    EXPECT_NEAR(base::seconds(words->segments[0].end), 3.2, 0.05);
    EXPECT_NEAR(base::seconds(words->segments[1].start), 3.8, 0.05);
    EXPECT_NEAR(base::seconds(words->segments[1].end), 5.2, 0.05);
}

TEST_F(Recording, CutsWhatIsLongerThanTheRecognizerTakes) {
    speak(40.0), pause(0.1), speak(35.0);
    for (const auto* text : {"a", "b", "c", "d"}) recognizer.answer_with(text);
    const auto words = recognize();
    ASSERT_TRUE(words) << words.error().text;
    ASSERT_GE(words->segments.size(), 3U);
    for (std::size_t i = 1; i < words->segments.size(); ++i) EXPECT_EQ(words->segments[i].start, words->segments[i - 1].end);
    for (const auto sound : recognizer.sounds()) EXPECT_LE(sound, recognizer.max_duration());
    EXPECT_EQ(words->segments.front().start, base::Duration::zero());
    EXPECT_NEAR(base::seconds(words->segments.back().end), 75.1, 0.01);
}

TEST_F(Recording, SilenceIsNotGivenToTheRecognizer) {
    pause(10.0);
    const auto words = recognize();
    ASSERT_TRUE(words);
    EXPECT_EQ(words->text, "");
    EXPECT_EQ(words->language, "");
    EXPECT_EQ(recognizer.started(), 0U);
}

TEST_F(Recording, SegmentsWithoutWordsAreLeftOut) {
    speak(1.0), pause(1.0), speak(1.0);
    recognizer.answer_with("");
    recognizer.answer_with("Two.");
    const auto words = recognize();
    ASSERT_TRUE(words);
    EXPECT_EQ(words->text, "Two.");
    EXPECT_EQ(words->segments.size(), 1U);
}

TEST_F(Recording, AFailureIsTheRecognizers) {
    speak(1.0);
    recognizer.fail_with(base::error(base::Errc::engine, "burnt out"));
    const auto words = recognize();
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().text, "burnt out");
    request.language = "xx";
    const auto unknown = recognize();
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, base::Errc::unsupported);
}

TEST_F(Recording, StopsWhenTold) {
    speak(1.0);
    std::stop_source stop;
    stop.request_stop();
    const auto words = recognize(stop.get_token());
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().code, base::Errc::cancelled);
    EXPECT_EQ(recognizer.started(), 0U);
}

TEST_F(Recording, AnEmptySoundHasNoWords) {
    const auto words = recognize();
    ASSERT_TRUE(words);
    EXPECT_TRUE(words->segments.empty());
}

}  // namespace
}  // namespace antiphon::listen
