#include "contract/recognizer_contract.hpp"
#include "contract/voice_detector_contract.hpp"
#include "fakes/fake_recognizer.hpp"
#include "fakes/fake_voice_detector.hpp"

namespace antiphon::contract {
namespace {

struct FakeRecognizerBackend {
    static std::unique_ptr<engine::Recognizer> open() {
        return std::make_unique<fakes::FakeRecognizer>(fakes::FakeHearing{.text = kKennedyWords});
    }
    static std::unique_ptr<engine::Recognizer> open_unhurried() {
        auto recognizer = std::make_unique<fakes::FakeRecognizer>();
        recognizer->hold();
        return recognizer;
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, RecognizerContract, FakeRecognizerBackend);

struct FakeVoiceDetectorBackend {
    static std::unique_ptr<engine::VoiceDetector> open() { return std::make_unique<fakes::FakeVoiceDetector>(); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, VoiceDetectorContract, FakeVoiceDetectorBackend);

engine::RecognitionRequest a_second() { return {kennedy(0.0, 1.0), "", ""}; }

TEST(FakeRecognizer, AnswersInTheOrderOfTheScript) {
    fakes::FakeRecognizer recognizer;
    recognizer.answer_with("one");
    recognizer.fail_with(base::error(base::Errc::engine, "it broke"));
    recognizer.answer_with("two", 0.3F);
    EXPECT_EQ(recognizer.transcribe(a_second(), {})->text, "one");
    const auto failed = recognizer.transcribe(a_second(), {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text, "it broke");
    const auto second = recognizer.transcribe({noise(Noise::silence, 1.0, 0.0F), "sv-SE", ""}, {});
    EXPECT_EQ(second->text, "two");
    EXPECT_EQ(second->language, "sv-SE");
    EXPECT_FLOAT_EQ(second->confidence, 0.3F);
    EXPECT_EQ(recognizer.transcribe(a_second(), {})->text, "hello there");
    EXPECT_EQ(recognizer.started(), 4U);
    EXPECT_EQ(recognizer.finished(), 3U);
    EXPECT_EQ(recognizer.sounds().front(), std::chrono::seconds(1));
}

TEST(FakeRecognizer, HoldsUntilReleasedOrStopped) {
    fakes::FakeRecognizer recognizer;
    recognizer.hold();
    recognizer.answer_with("late");
    std::stop_source stop;
    std::vector<base::Result<engine::Transcript>> heard;
    std::jthread stopped([&] { heard.push_back(recognizer.transcribe(a_second(), stop.get_token())); });
    recognizer.wait_until_held();
    EXPECT_EQ(recognizer.finished(), 0U);
    stop.request_stop();
    stopped.join();
    ASSERT_FALSE(heard.front());
    EXPECT_EQ(heard.front().error().code, base::Errc::cancelled);
    EXPECT_EQ(recognizer.cancelled(), 1U);
    std::jthread released([&] { heard.push_back(recognizer.transcribe(a_second(), {})); });
    recognizer.wait_until_held();
    recognizer.release();
    released.join();
    EXPECT_EQ(heard.back()->text, "late");
}

TEST(FakeVoiceDetector, GoesByTheLevel) {
    fakes::FakeVoiceDetector detector(-30.0F);
    const auto stream = detector.start();
    EXPECT_FLOAT_EQ(*stream->push(std::vector<float>(512, 0.1F)), fakes::FakeVoiceDetector::kSpeech);
    EXPECT_FLOAT_EQ(*stream->push(std::vector<float>(512, 0.01F)), fakes::FakeVoiceDetector::kSilence);
}

}  // namespace
}  // namespace antiphon::contract
