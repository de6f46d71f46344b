// A turn from the caller's first word to the last sound of the answer.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class TurnScene : public Scene {};

TEST_F(TurnScene, IsToldInTheOrderOfTheRealtimeProtocol) {
    begin();
    silence(milliseconds(200));
    speak(milliseconds(1000));
    silence(milliseconds(800));
    wait(milliseconds(10000));
    const std::vector<std::string> expected{
        "session.created", "state", "speech_started", "speech_stopped", "committed", "item.added", "item.done",
        "transcription.delta", "transcription.completed", "response.created", "output_item.added", "item.added",
        "content_part.added", "state", "sound.started", "transcript.delta", "words", "transcript.delta", "words",
        "transcript.delta", "words", "audio.done", "transcript.done", "content_part.done", "output_item.done",
        "item.done", "response.done", "sound.stopped", "turn", "state"};
    EXPECT_EQ(told_from("session.created"), expected);
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::speaking, AgentState::listening}));
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.status, ResponseStatus::completed);
    EXPECT_EQ(think::words_of(done.output.at(0)), language_model.answer);
    EXPECT_EQ(peer.all<SpeechStarted>().at(0).item_id, peer.all<TranscriptionCompleted>().at(0).item_id);
}

TEST_F(TurnScene, SpeaksAllOfTheAnswerInRealTime) {
    begin();
    speak(milliseconds(600));
    silence(milliseconds(800));
    wait(milliseconds(10000));
    std::size_t letters = 0;
    for (const auto& text : synthesizer.spoken) letters += text.size();
    ASSERT_EQ(peer.sound.size(), letters * 1200);
    for (std::size_t i = 1; i < peer.sound.size(); ++i)
        ASSERT_NEAR(peer.sound[i], static_cast<float>(i % 16384) / 32768.0F, 1e-6F) << "at sample " << i;
    const double length = static_cast<double>(peer.sound.size()) / 24000.0;
    EXPECT_NEAR(base::seconds(*peer.last_audio - *peer.first_audio), length, 0.25);
}

TEST_F(TurnScene, CountsTimesInTheCallersSound) {
    begin();
    silence(milliseconds(1000));
    speak(milliseconds(1000));
    silence(milliseconds(800));
    // 300 ms of padding are part of what is recognized.
    EXPECT_NEAR(static_cast<double>(peer.all<SpeechStarted>().at(0).audio_start_ms), 700.0, 40.0);
    EXPECT_NEAR(static_cast<double>(peer.all<SpeechStopped>().at(0).audio_end_ms), 2000.0, 40.0);
}

TEST_F(TurnScene, ANoiseWithoutWordsIsNotAnswered) {
    recognizer.texts = {""};
    begin();
    speak(milliseconds(400));
    silence(milliseconds(1000));
    wait(milliseconds(3000));
    EXPECT_EQ(peer.all<TranscriptionCompleted>().at(0).text, "");
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    EXPECT_EQ(language_model.counts.begun, 0);
}

TEST_F(TurnScene, AClickIsNoSpeech) {
    begin();
    hear(milliseconds(20), 0.5F);
    silence(milliseconds(1000));
    EXPECT_EQ(count<SpeechStarted>(), 0U);
    EXPECT_EQ(recognizer.counts.begun, 0);
}

TEST_F(TurnScene, ALanguageWithoutAVoiceIsAnsweredInTheVoiceThereIs) {
    recognizer.language = "sv";
    begin();
    speak(milliseconds(600));
    silence(milliseconds(800));
    wait(milliseconds(9000));
    EXPECT_EQ(peer.all<ResponseDone>().at(0).response.status, ResponseStatus::completed);
    EXPECT_FALSE(peer.sound.empty());
}

TEST_F(TurnScene, TheHistoryGrowsTurnByTurn) {
    recognizer.texts = {"first question", "second question"};
    begin();
    speak(milliseconds(600));
    silence(milliseconds(800));
    wait(milliseconds(8000));
    speak(milliseconds(600));
    silence(milliseconds(800));
    EXPECT_EQ(last_texts(), (std::vector<std::string>{"first question", language_model.answer, "second question"}));
}

TEST_F(TurnScene, AnUtteranceLongerThanTheRecognizerTakesIsHeardWhole) {
    recognizer.texts = {"one", "two"};
    begin();
    speak(milliseconds(40000));
    silence(milliseconds(1500));
    EXPECT_EQ(peer.all<TranscriptionCompleted>().at(0).text, "one two");
}

TEST_F(TurnScene, ATurnThatNeverEndsIsEndedAtTheLimit) {
    settings.listen.max_utterance = milliseconds(3000);
    begin();
    speak(milliseconds(4000));
    EXPECT_EQ(count<SpeechStopped>(), 1U);
    EXPECT_EQ(count<RequestFailed>(), 0U);
}

TEST_F(TurnScene, TheAnswerWaitsForTheCallerWhoGoesOnAfterTheTurnsEnd) {
    // The words come only after the caller has begun to speak again: nothing may be said over them.
    recognizer.takes = milliseconds(900);
    recognizer.texts = {"I would like", "two tickets"};
    begin();
    speak(milliseconds(600));
    silence(milliseconds(700));
    speak(milliseconds(1200));
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    silence(milliseconds(1500));
    wait(milliseconds(8000));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_texts(), (std::vector<std::string>{"I would like two tickets"}));
}

TEST_F(TurnScene, WithoutCreateResponseOnlyTheWordsAreTold) {
    session.turn_detection->create_response = false;
    begin();
    speak(milliseconds(600));
    silence(milliseconds(1000));
    wait(milliseconds(2000));
    EXPECT_EQ(count<TranscriptionCompleted>(), 1U);
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(TurnScene, TextAloneIsAnsweredInText) {
    session.speaks = false;
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(3000));
    std::string text;
    for (const auto& delta : peer.all<OutputTextDelta>()) text += delta.text;
    EXPECT_EQ(text, language_model.answer);
    EXPECT_EQ(synthesizer.counts.begun, 0);
    EXPECT_TRUE(peer.sound.empty());
}

}  // namespace
}  // namespace antiphon::scenes
