// The language of a call: found out beside the recognition, kept steady, followed when it changes.

#include "call/scene.hpp"
#include "engine/language_detector.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

/// Finds what the scene says is spoken.
class SceneLanguageDetector final : public engine::LanguageDetector {
public:
    explicit SceneLanguageDetector(fakes::Simulation& simulation) : simulation_(simulation) {}

    base::Result<std::vector<Finding>> detect(std::span<const float> samples, std::stop_token stop) override {
        ++counts.begun;
        lengths.push_back(audio::duration_of(samples.size(), 16000));
        if (!simulation_.sleep(takes, stop)) {
            ++counts.cancelled;
            return base::error(base::Errc::cancelled, "stopped");
        }
        ++counts.finished;
        if (failure) return *failure;
        return std::vector<Finding>{{language, confidence}};
    }
    std::vector<std::string> languages() const override { return {"de", "en", "es"}; }
    base::Duration min_duration() const noexcept override { return milliseconds(100); }
    base::Duration max_duration() const noexcept override { return std::chrono::seconds(8); }
    std::size_t parallel() const noexcept override { return 1; }

    milliseconds takes{150};
    std::string language = "en";
    float confidence = 0.95F;
    std::optional<base::Error> failure;
    std::vector<base::Duration> lengths;
    Counts counts;

private:
    fakes::Simulation& simulation_;
};

class LanguageScene : public Scene {
protected:
    LanguageScene() {
        engines.language_detector = &detector;
        engines.language_workers = &language_workers;
        engines.languages = {{"de", "German"}, {"en", "English"}, {"es", "Spanish"}};
        synthesizer.languages = {"en", "de", "es"};
    }
    /// A whole turn of so much speech in that language, answered.
    void say_in(const std::string& language, milliseconds length = milliseconds(2500)) {
        detector.language = language;
        recognizer.language = language;
        speak(length);
        silence(milliseconds(900));
        wait(milliseconds(9000));
    }
    std::vector<std::string> decided() const {
        std::vector<std::string> all;
        for (const auto& event : peer.all<LanguageDecided>()) all.push_back(event.language);
        return all;
    }
    std::string instructions() const { return language_model.requests.back().messages.front().text; }
    std::string asked_for() const { return recognizer.languages.back(); }
    std::string voice_language() const { return synthesizer.languages_used.back(); }

    SceneLanguageDetector detector{simulation};
    fakes::Simulation::SimulatedWorkers language_workers{simulation, 1, 4};
};

TEST_F(LanguageScene, ACallThatSwitchesAndComesBackIsFollowed) {
    begin();
    say_in("en");
    EXPECT_EQ(decided(), std::vector<std::string>{"en"});
    EXPECT_FLOAT_EQ(peer.all<LanguageDecided>().front().confidence, 0.95F);
    EXPECT_EQ(asked_for(), "en") << "it was found out while the caller spoke";
    EXPECT_EQ(instructions(), "Answer shortly.");
    EXPECT_EQ(voice_language(), "en");

    say_in("de");
    EXPECT_EQ(decided(), (std::vector<std::string>{"en", "de"})) << "two looks at one utterance";
    EXPECT_EQ(asked_for(), "de");
    EXPECT_EQ(instructions(), "Answer shortly.\nAnswer in German.");
    EXPECT_EQ(voice_language(), "de");
    EXPECT_EQ(peer.all<TranscriptionCompleted>().back().language, "de");

    say_in("en");
    EXPECT_EQ(decided(), (std::vector<std::string>{"en", "de", "en"}));
    EXPECT_EQ(asked_for(), "en");
    EXPECT_EQ(instructions(), "Answer shortly.\nAnswer in English.") << "the history is in German";
    EXPECT_EQ(voice_language(), "en");
}

TEST_F(LanguageScene, ADateIsSpokenInOnePieceWhereOrdinalsHaveAFullStop) {
    begin();
    language_model.answer = "Das war gut so. Wir sehen uns am 3. Oktober in Berlin. Bis bald also.";
    say_in("de");
    EXPECT_EQ(synthesizer.spoken, (std::vector<std::string>{"Das war gut so.", "Wir sehen uns am dritten Oktober in Berlin.", "Bis bald also."}));

    synthesizer.spoken.clear();
    language_model.answer = "That is fine now. There are only 3. October is better then.";
    say_in("en");
    say_in("en");
    EXPECT_EQ(synthesizer.spoken.back(), "October is better then.");
}

TEST_F(LanguageScene, OneLookIsEnoughWhileTheLanguageStays) {
    begin();
    say_in("en", milliseconds(5000));
    say_in("en", milliseconds(5000));
    EXPECT_EQ(detector.counts.begun, 3) << "two at the first utterance, as the first of them decided";
    EXPECT_EQ(decided().size(), 1U);
    EXPECT_GE(detector.lengths.front(), milliseconds(1000));
    EXPECT_LE(detector.lengths.front(), milliseconds(1500));
}

TEST_F(LanguageScene, ADoubtLeavesTheRecognizerFreeAndItsFindingDecides) {
    begin();
    say_in("en");
    say_in("de", milliseconds(1600));  // one look only
    EXPECT_EQ(asked_for(), "");
    EXPECT_EQ(decided(), (std::vector<std::string>{"en", "de"}));
    EXPECT_EQ(instructions(), "Answer shortly.\nAnswer in German.") << "of this very turn";
    EXPECT_EQ(voice_language(), "de");
}

TEST_F(LanguageScene, AShortUtteranceFlipsNothing) {
    begin();
    say_in("en");
    say_in("de", milliseconds(600));
    EXPECT_EQ(detector.counts.begun, 2) << "both at the first";
    EXPECT_EQ(asked_for(), "en");
    EXPECT_EQ(decided(), std::vector<std::string>{"en"});
}

TEST_F(LanguageScene, ADoubtfulFindingFlipsNothing) {
    begin();
    say_in("en");
    detector.confidence = 0.4F;
    say_in("de", milliseconds(5000));
    EXPECT_EQ(decided(), std::vector<std::string>{"en"});
    EXPECT_EQ(asked_for(), "en");
    EXPECT_EQ(detector.counts.begun, 6) << "two at the first; at 1, 2, 4 s and at the end it may become clear";
}

TEST_F(LanguageScene, AWrongFirstLookIsMendedAtTheEndOfTheSentence) {
    detector.language = "es";
    recognizer.language = "de";
    begin();
    speak(milliseconds(1900));
    EXPECT_EQ(decided(), std::vector<std::string>{"es"});
    detector.language = "de";
    speak(milliseconds(1000));
    silence(milliseconds(900));
    wait(milliseconds(9000));
    EXPECT_EQ(decided(), (std::vector<std::string>{"es", "de"}));
    EXPECT_EQ(asked_for(), "de");
    EXPECT_EQ(voice_language(), "de");
}

TEST_F(LanguageScene, ALateFindingDelaysNoTurn) {
    begin();
    say_in("en");
    const auto first = peer.all<TurnMeasured>().back();
    detector.takes = std::chrono::seconds(5);
    say_in("en");
    const auto second = peer.all<TurnMeasured>().back();
    const double window = 0.032;  // the speech of the two ends at other places of the detector's windows
    EXPECT_NEAR(*second.transcript, *first.transcript, window);
    EXPECT_NEAR(*second.first_audio, *first.first_audio, window);
    EXPECT_EQ(asked_for(), "en") << "as the vote holds it";
}

TEST_F(LanguageScene, AFindingAfterTheTurnServesTheNext) {
    detector.takes = std::chrono::seconds(3);
    recognizer.failure = base::error(base::Errc::engine, "it broke");
    begin();
    say_in("de");
    EXPECT_EQ(decided(), std::vector<std::string>{"de"});
    recognizer.failure.reset();
    say_in("de");
    EXPECT_EQ(asked_for(), "de");
}

TEST_F(LanguageScene, WhatIsReadBesideTheCallIsInItsLanguage) {
    language_model.context = 600;
    language_model.answer = "I have noted that.";
    session.speaks = false;
    session.max_output_tokens = 50;
    begin();
    say_in("de");
    for (int i = 0; i < 12; ++i) {
        call->create_item(typed("another question with a number of words: " + std::to_string(i)), std::nullopt, "");
        call->create_response({});
        wait(milliseconds(3000));
    }
    ASSERT_GT(call_metrics.summaries.Value(), 0);
    const auto read = std::find_if(language_model.requests.rbegin(), language_model.requests.rend(),
                                   [](const auto& request) { return request.max_tokens == 1; });
    ASSERT_NE(read, language_model.requests.rend());
    EXPECT_NE(read->messages.front().text.find("Answer in German."), std::string::npos);
    const std::string turn = instructions();
    EXPECT_EQ(read->messages.front().text, turn) << "or the next turn would find nothing of it read";
}

TEST_F(LanguageScene, AFixedLanguageIsLeftAlone) {
    session.input_language = "en-GB";
    synthesizer.languages.push_back("en-GB");
    begin();
    say_in("de");
    EXPECT_EQ(detector.counts.begun, 0);
    EXPECT_TRUE(decided().empty());
    EXPECT_EQ(asked_for(), "en-GB");
    EXPECT_EQ(instructions(), "Answer shortly.");
    SessionPatch patch;
    patch.input_language = "";
    call->update_session(patch, "");
    say_in("de");
    EXPECT_EQ(decided(), std::vector<std::string>{"de"});
    patch.input_language = "es";
    call->update_session(patch, "");
    say_in("de");
    EXPECT_EQ(asked_for(), "es");
    EXPECT_EQ(instructions(), "Answer shortly.");
    EXPECT_EQ(decided().size(), 1U);
}

TEST_F(LanguageScene, OnlyAllowedLanguagesAreFound) {
    settings.languages = {"en-US", "es"};
    begin();
    say_in("de", milliseconds(5000));
    EXPECT_TRUE(decided().empty());
    say_in("es");
    EXPECT_EQ(decided(), std::vector<std::string>{"es"});
}

TEST_F(LanguageScene, ADetectorThatFailsOrHasNoTimeCostsNoTurn) {
    detector.failure = base::error(base::Errc::engine, "it broke");
    begin();
    say_in("de");
    EXPECT_EQ(asked_for(), "") << "the recognizer finds it out";
    EXPECT_EQ(count<RequestFailed>(), 0U);
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(decided(), std::vector<std::string>{"de"}) << "by the recognizer";
}

TEST_F(LanguageScene, WithoutADetectorTheRecognizerFindsOutEachTime) {
    engines.language_detector = nullptr;
    engines.language_workers = nullptr;
    begin();
    say_in("en");
    say_in("de");
    EXPECT_EQ(asked_for(), "");
    EXPECT_TRUE(decided().empty());
    EXPECT_EQ(voice_language(), "de");
    EXPECT_EQ(instructions(), "Answer shortly.");
}

TEST_F(LanguageScene, WhereTheClientCommitsTheRecognizerFindsOut) {
    session.turn_detection.reset();
    begin();
    for (const char* language : {"en", "de", "de"}) {
        recognizer.language = language;
        speak(milliseconds(1500));
        call->commit_audio("");
        wait(milliseconds(1000));
        EXPECT_EQ(asked_for(), "");
    }
    EXPECT_EQ(detector.counts.begun, 0);
    EXPECT_EQ(decided(), (std::vector<std::string>{"en", "de"}));
}

TEST_F(LanguageScene, HangingUpStopsTheLook) {
    detector.takes = std::chrono::seconds(30);
    begin();
    speak(milliseconds(1500));
    ASSERT_EQ(detector.counts.begun, 1);
    call->close();
    wait(milliseconds(100));
    EXPECT_EQ(detector.counts.cancelled, 1);
    EXPECT_TRUE(decided().empty());
}

}  // namespace
}  // namespace antiphon::scenes
