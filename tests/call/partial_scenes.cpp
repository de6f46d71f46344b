// What is understood while the caller still speaks; and sessions that only transcribe.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class PartialScene : public Scene {
protected:
    PartialScene() { session.partials = true; }
    std::vector<std::string> partials() const {
        std::vector<std::string> texts;
        for (const auto& partial : peer.all<PartialTranscript>()) texts.push_back(partial.text);
        return texts;
    }
};

TEST_F(PartialScene, ComeWhileTheCallerSpeaks) {
    recognizer.texts = {"I would", "I would like", "I would like tea"};
    begin();
    speak(milliseconds(2200));
    EXPECT_EQ(partials(), (std::vector<std::string>{"I would", "I would like"}));
    silence(milliseconds(900));
    EXPECT_EQ(peer.all<PartialTranscript>()[0].item_id, peer.all<SpeechStarted>().at(0).item_id);
    EXPECT_EQ(peer.all<TranscriptionCompleted>().at(0).text, "I would like tea");
    EXPECT_EQ(partials().size(), 2U);
    // Each look takes all that was said so far.
    EXPECT_GT(recognizer.lengths.at(1), recognizer.lengths.at(0));
    wait(milliseconds(9000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_GT(call_metrics.used_seconds.Value(), 0.3);
}

TEST_F(PartialScene, NotUnlessTheyAreWanted) {
    session.partials = false;
    begin();
    speak(milliseconds(3000));
    EXPECT_EQ(recognizer.counts.begun, 0);
}

TEST_F(PartialScene, TheSameWordsAreToldOnce) {
    recognizer.texts = {"hello"};
    begin();
    speak(milliseconds(3000));
    EXPECT_EQ(partials(), std::vector<std::string>{"hello"});
}

TEST_F(PartialScene, AreStoppedAtTheHintOfAPause) {
    recognizer.takes = milliseconds(300);
    begin();
    speak(milliseconds(940));
    silence(milliseconds(200));
    EXPECT_EQ(recognizer.counts.begun, 2) << "a look, and the turn's own";
    EXPECT_EQ(recognizer.counts.cancelled, 1);
    silence(milliseconds(600));
    const auto turn_end = *peer.time_of<SpeechStopped>();
    EXPECT_EQ(*peer.time_of<TranscriptionCompleted>(), turn_end) << "the words must not come later for the looks";
    EXPECT_TRUE(partials().empty());
    EXPECT_GT(call_metrics.wasted_seconds.Value(), 0.0);
}

TEST_F(PartialScene, AreNotAskedForInAPauseWithoutSpeculation) {
    settings.speculate = false;
    begin();
    speak(milliseconds(700));
    silence(milliseconds(460));
    EXPECT_EQ(recognizer.counts.begun, 0);
}

TEST_F(PartialScene, AGuessThatWasDroppedIsOne) {
    recognizer.texts = {"half a", "half a sentence"};
    begin();
    speak(milliseconds(600));
    silence(milliseconds(300));
    speak(milliseconds(500));
    EXPECT_EQ(partials(), std::vector<std::string>{"half a"});
    silence(milliseconds(900));
    EXPECT_EQ(peer.all<TranscriptionCompleted>().at(0).text, "half a sentence");
}

TEST_F(PartialScene, ASlowRecognizerIsAskedLessOften) {
    recognizer.takes = milliseconds(1000);
    begin();
    speak(milliseconds(8000));
    // Each look takes 1 s, and then 2 s pass until the next.
    EXPECT_EQ(recognizer.counts.begun, 3);
}

TEST_F(PartialScene, ARefusedLookIsNotTold) {
    begin();
    recognizer_workers.refuse(true);
    speak(milliseconds(2000));
    EXPECT_EQ(count<RequestFailed>(), 0U);
    recognizer_workers.refuse(false);
    speak(milliseconds(1000));
    EXPECT_EQ(partials().size(), 1U);
}

TEST_F(PartialScene, TheCallerHangsUpDuringALook) {
    begin();
    speak(milliseconds(920));
    EXPECT_EQ(recognizer.counts.begun, 1);
    call->close();
    wait(milliseconds(1000));
    EXPECT_EQ(recognizer.counts.cancelled, 1);
    EXPECT_TRUE(partials().empty());
}

TEST_F(PartialScene, ALookIsDroppedWithTheSound) {
    begin();
    speak(milliseconds(920));
    call->clear_audio();
    wait(milliseconds(1000));
    EXPECT_EQ(recognizer.counts.cancelled, 1);
    EXPECT_TRUE(partials().empty());
}

TEST_F(PartialScene, ANewSpeechDuringTheAnswerIsLookedAtToo) {
    recognizer.texts = {"first", "second part"};
    begin();
    speak(milliseconds(600));
    silence(milliseconds(900));
    speak(milliseconds(1400));
    EXPECT_EQ(partials(), std::vector<std::string>{"second part"});
    EXPECT_EQ(peer.all<PartialTranscript>()[0].item_id, peer.all<SpeechStarted>().at(1).item_id);
}

class TranscriptionScene : public Scene {
protected:
    TranscriptionScene() { session.kind = SessionKind::transcription; }
};

TEST_F(TranscriptionScene, HearsAndNeverAnswers) {
    begin();
    turn();
    turn();
    EXPECT_EQ(count<TranscriptionCompleted>(), 2U);
    EXPECT_EQ(count<TranscriptionDelta>(), 2U);
    EXPECT_EQ(count<ItemDone>(), 2U);
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    EXPECT_EQ(language_model.counts.begun, 0);
    EXPECT_EQ(states(), std::vector<AgentState>{AgentState::listening});
    EXPECT_EQ(call_metrics.speculation_hits.Value(), 2.0) << "the words are ready at the turn's end";
}

TEST_F(TranscriptionScene, RefusesToBeAskedForAnAnswer) {
    begin();
    ResponseRequest request;
    request.client_event_id = "evt_1";
    call->create_response(request);
    expect_refused("evt_1", base::Errc::unsupported);
}

TEST_F(TranscriptionScene, TakesManualTurnsAndItems) {
    session.turn_detection.reset();
    begin();
    speak(milliseconds(800));
    call->commit_audio("");
    call->create_item(typed("hello"), std::nullopt, "");
    wait(milliseconds(500));
    EXPECT_EQ(count<TranscriptionCompleted>(), 1U);
    EXPECT_EQ(count<ItemAdded>(), 2U);
}

TEST_F(TranscriptionScene, ASessionThatBecomesOneStopsItsAnswer) {
    session.kind = SessionKind::realtime;
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(600));
    SessionPatch patch;
    patch.kind = SessionKind::transcription;
    call->update_session(patch, "");
    EXPECT_EQ(count<ResponseDone>(), 1U);
    turn();
    EXPECT_EQ(count<ResponseCreated>(), 1U);
}

TEST_F(TranscriptionScene, AClientThatWantsNoTranscriptsGetsNone) {
    session.transcribes = false;
    begin();
    turn();
    EXPECT_EQ(count<TranscriptionDelta>() + count<TranscriptionCompleted>(), 0U);
    EXPECT_EQ(count<AudioCommitted>(), 1U);
}

}  // namespace
}  // namespace antiphon::scenes
