// What captions and pages are told besides: where words lie, when sound begins and ends, what the agent does.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class WireEventScene : public Scene {
protected:
    void ask() {
        call->create_item(typed("hello"), std::nullopt, "");
        call->create_response({});
    }
};

TEST_F(WireEventScene, WordsLieWhereTheySound) {
    begin();
    ask();
    wait(milliseconds(9000));
    std::string text;
    std::int64_t last = 0;
    for (const auto& timed : peer.all<WordsTimed>()) {
        EXPECT_EQ(timed.part.item_id, peer.all<OutputItemAdded>().at(0).item.id);
        for (const auto& word : timed.words) {
            text += word.text;
            EXPECT_GE(word.start_ms, last);
            EXPECT_GT(word.end_ms, word.start_ms);
            last = word.end_ms;
        }
    }
    EXPECT_EQ(text, peer.all<OutputTranscriptDone>().at(0).text);
    EXPECT_NEAR(static_cast<double>(last), static_cast<double>(peer.sound.size()) / 24.0, 2.0);
    // The first piece is "It is sunny today.": 18 characters of 50 ms, 15 letters. The scene's voice is whole at once.
    const auto words = peer.all<WordsTimed>().at(0).words;
    ASSERT_EQ(words.size(), 4U);
    EXPECT_EQ(words[1].text, "is ");
    EXPECT_EQ(words[1].start_ms, words[0].end_ms);
}

TEST_F(WireEventScene, WordsAreToldNoLaterThanTheirSound) {
    begin();
    ask();
    wait(milliseconds(9000));
    std::vector<base::Time> told;
    for (const auto& seen : peer.seen)
        if (std::holds_alternative<WordsTimed>(seen.event)) told.push_back(seen.at);
    const auto timed = peer.all<WordsTimed>();
    ASSERT_EQ(told.size(), timed.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        const auto heard = *peer.first_audio + milliseconds(timed[i].words.front().start_ms);
        EXPECT_LE(told[i], heard) << "of piece " << i;
        EXPECT_GE(told[i], heard - milliseconds(300)) << "of piece " << i;
    }
}

TEST_F(WireEventScene, AnInterruptedAnswersWordsStop) {
    begin();
    ask();
    wait(milliseconds(800));
    call->cancel_response("", "");
    wait(milliseconds(3000));
    EXPECT_EQ(count<WordsTimed>(), 1U);
}

TEST_F(WireEventScene, TheSoundsBeginAndEndAreTold) {
    begin();
    ask();
    wait(milliseconds(9000));
    EXPECT_EQ(*peer.time_of<OutputSoundStarted>(), *peer.first_audio);
    ASSERT_EQ(count<OutputSoundStopped>(), 1U);
    EXPECT_EQ(peer.all<OutputSoundStopped>()[0].response_id, peer.all<ResponseDone>().at(0).response.id);
    EXPECT_EQ(count<OutputSoundCleared>(), 0U);
}

TEST_F(WireEventScene, AnInterruptedSoundIsClearedAndNotStopped) {
    begin();
    ask();
    wait(milliseconds(600));
    speak(milliseconds(500));
    EXPECT_EQ(count<OutputSoundCleared>(), 1U);
    EXPECT_EQ(count<OutputSoundStopped>(), 0U);
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::thinking, AgentState::speaking,
                                                 AgentState::listening}));
}

TEST_F(WireEventScene, ClearingTheOutputEndsTheAnswerWhereItWasHeard) {
    begin();
    ask();
    wait(milliseconds(1500));
    call->clear_output("");
    EXPECT_EQ(count<OutputSoundCleared>(), 1U);
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.status, ResponseStatus::cancelled);
    EXPECT_LT(think::words_of(done.output.at(0)).size(), 30U);
    EXPECT_EQ(peer.cleared, 1);
    const auto sent = peer.sound.size();
    wait(milliseconds(3000));
    EXPECT_EQ(peer.sound.size(), sent);
}

TEST_F(WireEventScene, ClearingWithoutSoundIsAcknowledged) {
    begin();
    call->clear_output("");
    EXPECT_EQ(count<OutputSoundCleared>(), 1U);
    session.speaks = false;
    ask();
    wait(milliseconds(600));
    call->cancel_response("", "");
    call->clear_output("");
    EXPECT_EQ(count<OutputSoundCleared>(), 3U);
    EXPECT_EQ(count<RequestFailed>(), 0U);
}

TEST_F(WireEventScene, TheStateFollowsASlowTurn) {
    settings.speculate = false;
    begin();
    turn();
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::thinking, AgentState::speaking,
                                                 AgentState::listening}));
    std::vector<base::Time> changed;
    for (const auto& seen : peer.seen)
        if (std::holds_alternative<StateChanged>(seen.event)) changed.push_back(seen.at);
    EXPECT_EQ(changed.at(1), *peer.time_of<AudioCommitted>());
    EXPECT_EQ(changed.at(2), *peer.first_audio);
    EXPECT_EQ(changed.at(3), *peer.time_of<ResponseDone>());
}

TEST_F(WireEventScene, ANoiseIsThoughtAboutAndForgotten) {
    settings.speculate = false;
    recognizer.texts = {""};
    begin();
    turn();
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::thinking, AgentState::listening}));
}

TEST_F(WireEventScene, AGuessThatIsDroppedChangesNoState) {
    begin();
    speak(milliseconds(600));
    silence(milliseconds(400));
    speak(milliseconds(600));
    EXPECT_EQ(language_model.counts.begun, 1);
    EXPECT_EQ(states(), std::vector<AgentState>{AgentState::listening});
}

TEST_F(WireEventScene, AnAnswerInTextSpeaksFromItsFirstWords) {
    session.speaks = false;
    begin();
    ask();
    wait(milliseconds(3000));
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::thinking, AgentState::speaking,
                                                 AgentState::listening}));
    EXPECT_EQ(count<OutputSoundStarted>() + count<WordsTimed>(), 0U);
}

TEST_F(WireEventScene, TheMessageIsAnnouncedWithItsFirstWords) {
    begin();
    ask();
    EXPECT_EQ(count<ResponseCreated>(), 1U);
    EXPECT_EQ(count<OutputItemAdded>(), 0U);
    wait(milliseconds(80));
    EXPECT_EQ(count<OutputItemAdded>(), 1U);
}

TEST_F(WireEventScene, TheVoiceStaysOnceItWasHeard) {
    begin();
    SessionPatch patch;
    patch.voice = "joe";
    call->update_session(patch, "");
    EXPECT_EQ(count<SessionUpdated>(), 1U);
    ask();
    wait(milliseconds(9000));
    call->update_session(patch, "");
    EXPECT_EQ(count<SessionUpdated>(), 2U) << "the same voice is no change";
    patch.voice = "alloy";
    patch.instructions = "Whisper.";
    call->update_session(patch, "evt_1");
    expect_refused("evt_1", base::Errc::conflict, "session.audio.output.voice");
    EXPECT_EQ(call->session().voice, "joe");
    EXPECT_EQ(call->session().instructions, "Answer shortly.") << "nothing of a refused update counts";
}

TEST_F(WireEventScene, AResponseTellsWhatItWasMadeWith) {
    session.voice = "alloy";
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    ResponseRequest request;
    request.voice = "joe";
    request.max_output_tokens = 7;
    request.metadata = R"({"a":"b"})";
    request.in_conversation = false;
    call->create_response(request);
    wait(milliseconds(9000));
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.voice, "joe");
    EXPECT_EQ(done.max_output_tokens, 7);
    EXPECT_EQ(done.metadata, request.metadata);
    EXPECT_FALSE(done.in_conversation);
    ASSERT_TRUE(done.usage);
    EXPECT_EQ(done.usage->output_tokens, 7);
    EXPECT_EQ(synthesizer.voices_used.front(), "joe");
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(peer.all<ResponseDone>().at(1).response.voice, "alloy");
    EXPECT_FALSE(peer.all<ResponseDone>().at(1).response.max_output_tokens);
}

}  // namespace
}  // namespace antiphon::scenes
