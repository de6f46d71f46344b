// The assistant speaks first.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class GreetingScene : public Scene {
protected:
    GreetingScene() { session.greeting = "Hello there. How can I help you?"; }

    /// The places in CallEvent of the types that these events have.
    template <typename... Events>
    static std::vector<std::size_t> order() {
        return {CallEvent(Events{}).index()...};
    }
    std::vector<std::size_t> seen_from_response() const {
        std::vector<std::size_t> types;
        for (const auto& seen : peer.seen) {
            if (types.empty() && !std::holds_alternative<ResponseCreated>(seen.event)) continue;
            if (types.empty() || types.back() != seen.event.index()) types.push_back(seen.event.index());
        }
        return types;
    }
};

TEST_F(GreetingScene, IsSpokenAsAnAnswerIsWithoutAskingTheLanguageModel) {
    begin();
    wait(milliseconds(150));
    EXPECT_EQ(count<ResponseCreated>(), 0U) << "a client's first session.update comes before it";
    wait(milliseconds(5000));
    EXPECT_EQ(seen_from_response(),
              (order<ResponseCreated, OutputItemAdded, ItemAdded, ContentPartAdded, OutputTranscriptDelta, OutputAudioDone,
                     OutputTranscriptDone, ContentPartDone, OutputItemDone, ItemDone, ResponseDone>()));
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.status, ResponseStatus::completed);
    EXPECT_EQ(think::words_of(done.output.at(0)), "Hello there. How can I help you?");
    EXPECT_EQ(synthesizer.spoken, (std::vector<std::string>{"Hello there.", "How can I help you?"}));
    EXPECT_EQ(peer.sound.size(), (session.greeting.size() - 1) * 1200) << "the space between them is not spoken";
    EXPECT_EQ(language_model.counts.begun, 0);
    EXPECT_EQ(call_metrics.turns.Value(), 0.0) << "nobody's turn was answered";
    EXPECT_EQ(count<TurnMeasured>(), 0U);

    // It stands in the history that the first question is answered in.
    speak(milliseconds(600));
    silence(milliseconds(9000));
    EXPECT_EQ(last_texts(), (std::vector<std::string>{"Hello there. How can I help you?", "what did I say"}));
    EXPECT_EQ(call_metrics.turns.Value(), 1.0);
}

TEST_F(GreetingScene, IsInterruptedAndTheHistoryHoldsWhatWasHeard) {
    begin();
    while (!peer.first_audio) silence(milliseconds(20));
    silence(milliseconds(700));
    speak(milliseconds(600));
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.status, ResponseStatus::cancelled);
    EXPECT_EQ(done.end, ResponseEnd::turn_detected);
    ASSERT_EQ(count<ItemTruncated>(), 1U);
    const std::string heard = think::words_of(done.output.at(0));
    EXPECT_TRUE(session.greeting.starts_with(heard) && heard.size() < session.greeting.size()) << heard;
    EXPECT_FALSE(heard.empty());
    silence(milliseconds(3000));
    EXPECT_EQ(last_texts().at(0), heard);
}

TEST_F(GreetingScene, FollowsWhatTheClientSetsBeforeIt) {
    begin();
    SessionPatch patch;
    patch.voice = "joe";
    patch.instructions = "Answer in rhymes.";
    call->update_session(patch, "");
    wait(milliseconds(5000));
    EXPECT_EQ(synthesizer.voices_used, (std::vector<std::string>{"joe", "joe"}));
    EXPECT_EQ(count<ResponseDone>(), 1U) << "once, however often the session changes";
}

TEST_F(GreetingScene, IsWrittenInATextSession) {
    session.speaks = false;
    begin();
    wait(milliseconds(1000));
    const auto deltas = peer.all<OutputTextDelta>();
    ASSERT_EQ(deltas.size(), 1U);
    EXPECT_EQ(deltas[0].text, session.greeting);
    EXPECT_EQ(peer.all<OutputTextDone>().at(0).text, session.greeting);
    EXPECT_EQ(peer.all<ResponseDone>().at(0).response.status, ResponseStatus::completed);
    EXPECT_TRUE(peer.sound.empty());
    EXPECT_EQ(synthesizer.counts.begun, 0);
}

TEST_F(GreetingScene, IsLeftOutWhenTheClientBegins) {
    begin();
    call->create_response({});
    wait(milliseconds(9000));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(language_model.counts.begun, 1);
}

TEST_F(GreetingScene, IsLeftOutWhenThereIsAHistory) {
    begin();
    call->create_item(typed("I am back"), {}, "");
    wait(milliseconds(5000));
    EXPECT_EQ(count<ResponseCreated>(), 0U);
}

TEST_F(GreetingScene, IsLeftOutWhenTheCallerSpeaksFirst) {
    begin();
    speak(milliseconds(600));
    EXPECT_EQ(count<SpeechStarted>(), 1U);
    silence(milliseconds(5000));
    wait(milliseconds(5000));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_texts(), std::vector<std::string>{"what did I say"});
}

TEST_F(GreetingScene, IsLeftOutOfATranscriptionSession) {
    session.kind = SessionKind::transcription;
    begin();
    wait(milliseconds(5000));
    EXPECT_EQ(count<ResponseCreated>(), 0U);
}

TEST_F(GreetingScene, CanBeCancelledByTheClientAndTheCallGoesOn) {
    begin();
    while (!peer.first_audio) wait(milliseconds(20));
    wait(milliseconds(300));
    call->cancel_response("", "evt");
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.end, ResponseEnd::client_cancelled);
    speak(milliseconds(600));
    silence(milliseconds(6000));
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
}

TEST_F(GreetingScene, AVoiceThatFailsIsToldAndTheCallGoesOn) {
    synthesizer.failure = base::error(base::Errc::engine, "no voice");
    begin();
    wait(milliseconds(2000));
    EXPECT_EQ(peer.all<ResponseDone>().at(0).response.status, ResponseStatus::failed);
    synthesizer.failure.reset();
    speak(milliseconds(600));
    silence(milliseconds(6000));
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
}

TEST_F(GreetingScene, ACallThatIsOverIsNotGreeted) {
    begin();
    call->close();
    wait(milliseconds(2000));
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    EXPECT_EQ(synthesizer.counts.begun, 0);
}

}  // namespace
}  // namespace antiphon::scenes
