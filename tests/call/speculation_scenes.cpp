// Work that begins at the hint of a pause: used if the turn ends there, gone without a trace if not.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class SpeculationScene : public Scene {
protected:
    /// The caller pauses for so long and goes on; then ends the turn and is answered.
    void pause_then_end(milliseconds pause) {
        recognizer.texts = {"half a", "half a sentence"};
        begin();
        speak(milliseconds(600));
        silence(pause);
        EXPECT_EQ(count<AudioCommitted>(), 0U) << "the pause was taken for the end of the turn";
        speak(milliseconds(600));
        silence(milliseconds(900));
        wait(milliseconds(10000));
    }

    /// Of the dropped guess nothing may be seen: one turn, one answer, its words only.
    void expect_no_trace() {
        EXPECT_EQ(count<SpeechStarted>(), 1U);
        EXPECT_EQ(count<SpeechStopped>(), 1U);
        ASSERT_EQ(count<TranscriptionCompleted>(), 1U);
        EXPECT_EQ(peer.all<TranscriptionCompleted>()[0].text, "half a sentence");
        ASSERT_EQ(count<ResponseCreated>(), 1U);
        ASSERT_EQ(count<ResponseDone>(), 1U);
        EXPECT_EQ(count<TurnMeasured>(), 1U);
        EXPECT_EQ(last_texts(), std::vector<std::string>{"half a sentence"});
        EXPECT_EQ(call_metrics.turns.Value(), 1.0);
        EXPECT_EQ(call_metrics.speculations.Value(), 2.0);
        EXPECT_EQ(call_metrics.speculation_hits.Value(), 1.0);
        EXPECT_GT(call_metrics.wasted_seconds.Value(), 0.0);
        std::string told;
        for (const auto& delta : peer.all<OutputTranscriptDelta>()) told += delta.text;
        EXPECT_EQ(told, language_model.answer);
    }
};

TEST_F(SpeculationScene, HidesTheWorkBehindTheSilence) {
    begin();
    speak(milliseconds(600));
    silence(milliseconds(900));
    const auto turn_end = *peer.time_of<SpeechStopped>();
    EXPECT_EQ(*peer.first_audio, turn_end) << "the answer was ready: the gate had only to open";
    EXPECT_EQ(recognizer.counts.begun, 1);
    EXPECT_EQ(language_model.counts.begun, 1);
    EXPECT_EQ(call_metrics.speculation_hits.Value(), 1.0);
    wait(milliseconds(10000));
    EXPECT_TRUE(peer.all<TurnMeasured>().at(0).speculated);
}

TEST_F(SpeculationScene, SwitchedOffTheWorkBeginsAtTheTurnsEnd) {
    settings.speculate = false;
    begin();
    speak(milliseconds(600));
    silence(milliseconds(1200));
    const auto turn_end = *peer.time_of<SpeechStopped>();
    // 100 of recognition, 60 of prefill, 4 words, 80 of synthesis.
    EXPECT_NEAR(base::seconds(*peer.first_audio - turn_end), 0.28, 0.05);
    EXPECT_EQ(call_metrics.speculations.Value(), 0.0);
}

TEST_F(SpeculationScene, TellsNothingBeforeTheGateOpens) {
    begin();
    speak(milliseconds(600));
    silence(milliseconds(440));
    EXPECT_GT(synthesizer.counts.finished, 0) << "the first clause should be ready";
    EXPECT_EQ(told_from("session.created"), (std::vector<std::string>{"session.created", "state", "speech_started"}));
    EXPECT_TRUE(peer.sound.empty());
}

TEST_F(SpeculationScene, MakesOnlyTheFirstClauseOfSpeech) {
    language_model.per_word = milliseconds(1);
    begin();
    speak(milliseconds(600));
    silence(milliseconds(440));
    EXPECT_EQ(language_model.counts.finished, 1);
    EXPECT_EQ(synthesizer.counts.begun, 1);
}

// The pause is noticed about 130 ms after the speech; then 100 ms of recognition, 60 ms and 4 words of
// the language model, 80 ms of synthesis.
TEST_F(SpeculationScene, DroppedWhileTheRecognizerWorks) {
    recognizer.takes = milliseconds(150);
    pause_then_end(milliseconds(160));
    EXPECT_EQ(recognizer.counts.cancelled, 1);
    EXPECT_EQ(language_model.counts.begun, 1);
    // The cancelled recognition did not take its words from the script.
    EXPECT_EQ(peer.all<TranscriptionCompleted>().at(0).text, "half a");
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(call_metrics.speculations.Value(), 2.0);
    EXPECT_EQ(call_metrics.speculation_hits.Value(), 1.0);
}

TEST_F(SpeculationScene, DroppedBeforeTheFirstToken) {
    language_model.prefill = milliseconds(300);
    pause_then_end(milliseconds(280));
    EXPECT_EQ(language_model.counts.cancelled, 1);
    EXPECT_EQ(language_model.counts.begun, 2);
    expect_no_trace();
}

TEST_F(SpeculationScene, DroppedWhileTheLanguageModelWrites) {
    language_model.per_word = milliseconds(60);
    pause_then_end(milliseconds(340));
    EXPECT_EQ(language_model.counts.cancelled, 1);
    expect_no_trace();
}

TEST_F(SpeculationScene, DroppedWhileTheFirstClauseIsSpoken) {
    synthesizer.takes = milliseconds(300);
    pause_then_end(milliseconds(380));
    EXPECT_EQ(synthesizer.counts.cancelled, 1);
    expect_no_trace();
}

TEST_F(SpeculationScene, DroppedWhenAllIsReady) {
    recognizer.takes = milliseconds(20);
    language_model.prefill = milliseconds(10);
    language_model.per_word = milliseconds(1);
    synthesizer.takes = milliseconds(20);
    pause_then_end(milliseconds(400));
    EXPECT_EQ(synthesizer.spoken.at(0), synthesizer.spoken.at(1));
    expect_no_trace();
}

TEST_F(SpeculationScene, DroppedWhenTheHistoryChangesUnderIt) {
    begin();
    speak(milliseconds(600));
    silence(milliseconds(400));
    EXPECT_EQ(language_model.counts.begun, 1);
    call->create_item(typed("By the way, speak like a pirate.", engine::Role::system), std::nullopt, "");
    silence(milliseconds(600));
    wait(milliseconds(8000));
    EXPECT_EQ(language_model.counts.begun, 2);
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_NE(language_model.requests.back().messages.front().text.find("pirate"), std::string::npos);
}

}  // namespace
}  // namespace antiphon::scenes
