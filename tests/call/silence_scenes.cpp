// A caller who says nothing; and how much silence ends a turn.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class SilenceScene : public Scene {
protected:
    SilenceScene() {
        session.turn_detection->idle_timeout = milliseconds(5000);
        language_model.answer = "Yes.";
    }
    /// A turn, answered to its end; then silence, sent as sound.
    void answered() {
        begin();
        speak(milliseconds(600));
        silence(milliseconds(1500));
        ASSERT_EQ(count<ResponseDone>(), 1U);
    }
};

TEST_F(SilenceScene, TheAssistantSpeaksUp) {
    answered();
    const auto quiet_from = *peer.time_of<ResponseDone>();
    silence(milliseconds(6500));
    ASSERT_EQ(count<TimeoutTriggered>(), 1U);
    EXPECT_NEAR(base::seconds(*peer.time_of<TimeoutTriggered>() - quiet_from), 5.0, 0.03);
    const auto timeout = peer.all<TimeoutTriggered>()[0];
    EXPECT_NEAR(static_cast<double>(timeout.audio_end_ms - timeout.audio_start_ms), 5000.0, 40.0);
    EXPECT_EQ(told_from("timeout", {"words"}),
              (std::vector<std::string>{"timeout", "committed", "item.added", "item.done", "response.created", "state",
                                        "output_item.added", "item.added", "content_part.added", "state", "sound.started",
                                        "transcript.delta", "audio.done", "transcript.done", "content_part.done",
                                        "output_item.done", "item.done", "response.done", "sound.stopped", "turn", "state"}));
    const auto item = peer.all<AudioCommitted>().at(1).item_id;
    EXPECT_EQ(item, timeout.item_id);
    call->retrieve_item(item, "");
    const auto content = peer.all<ItemRetrieved>().at(0).item.content.at(0);
    EXPECT_EQ(content.kind, think::ContentKind::input_audio);
    EXPECT_EQ(content.text, "");
    EXPECT_EQ(last_messages().back().role, engine::Role::user) << "templates want somebody to be answered";
    EXPECT_EQ(last_texts().at(1), "Yes.");
    EXPECT_EQ(recognizer.counts.begun, 1) << "silence is not recognized";
}

TEST_F(SilenceScene, OnceUntilTheCallerSpeaksAgain) {
    answered();
    silence(milliseconds(20000));
    EXPECT_EQ(count<TimeoutTriggered>(), 1U);
    EXPECT_EQ(count<ResponseDone>(), 2U);
    turn(milliseconds(7000));
    EXPECT_EQ(count<TimeoutTriggered>(), 2U);
}

TEST_F(SilenceScene, NotBeforeAnythingWasSaid) {
    begin();
    silence(milliseconds(20000));
    EXPECT_EQ(count<TimeoutTriggered>(), 0U);
}

TEST_F(SilenceScene, SpeechBeginsTheTimeAnew) {
    answered();
    silence(milliseconds(4000));
    recognizer.texts = {""};
    speak(milliseconds(400));
    silence(milliseconds(4500));
    EXPECT_EQ(count<TimeoutTriggered>(), 0U);
    silence(milliseconds(2000));
    EXPECT_EQ(count<TimeoutTriggered>(), 1U) << "a turn without words has ended, too";
}

TEST_F(SilenceScene, AClientThatTypesBeginsTheTimeAnew) {
    answered();
    silence(milliseconds(4000));
    call->create_item(typed("wait"), std::nullopt, "");
    silence(milliseconds(4000));
    EXPECT_EQ(count<TimeoutTriggered>(), 0U);
}

TEST_F(SilenceScene, TheCallerInterruptsWhatTheAssistantSaysByItself) {
    answered();
    language_model.answer = "Are you still there, or shall I go on with the conversation by myself?";
    silence(milliseconds(5600));
    ASSERT_EQ(count<ResponseCreated>(), 2U);
    silence(milliseconds(600));
    speak(milliseconds(500));
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::cancelled);
    silence(milliseconds(900));
    EXPECT_EQ(count<ResponseCreated>(), 3U);
}

TEST_F(SilenceScene, TheCallerSpeaksAtTheVeryEnd) {
    answered();
    silence(milliseconds(4080));
    speak(milliseconds(600));
    EXPECT_EQ(count<TimeoutTriggered>(), 0U);
    silence(milliseconds(900));
    EXPECT_EQ(count<ResponseCreated>(), 2U);
}

TEST_F(SilenceScene, TheCallerHangsUpBeforeIt) {
    answered();
    call->close();
    const auto told = peer.seen.size();
    wait(milliseconds(20000));
    EXPECT_EQ(peer.seen.size(), told);
}

TEST_F(SilenceScene, TheCallerHangsUpInIt) {
    answered();
    silence(milliseconds(4260));
    ASSERT_EQ(count<TimeoutTriggered>(), 1U);
    call->close();
    wait(milliseconds(20000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(language_model.counts.begun, language_model.counts.finished + language_model.counts.cancelled);
}

TEST_F(SilenceScene, AnOverloadedModelIsTold) {
    answered();
    language_model_workers.refuse(true);
    silence(milliseconds(5500));
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::failed);
    language_model_workers.refuse(false);
    turn(milliseconds(2000));
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
}

TEST_F(SilenceScene, NotWhereTurnsAreNotAnswered) {
    session.turn_detection->create_response = false;
    begin();
    turn();
    silence(milliseconds(9000));
    EXPECT_EQ(count<TimeoutTriggered>(), 0U);
}

TEST_F(SilenceScene, ANewTimeoutCountsFromTheUpdate) {
    answered();
    SessionPatch patch;
    patch.turn_detection = session.turn_detection;
    (*patch.turn_detection)->idle_timeout = milliseconds(2000);
    call->update_session(patch, "");
    silence(milliseconds(2500));
    EXPECT_EQ(count<TimeoutTriggered>(), 1U);
}

class EagernessScene : public Scene, public ::testing::WithParamInterface<std::pair<Eagerness, int>> {};

TEST_P(EagernessScene, DecidesHowMuchSilenceEndsTheTurn) {
    session.turn_detection->semantic = GetParam().first;
    begin();
    speak(milliseconds(600));
    const auto end = simulation.now();
    silence(milliseconds(1500));
    EXPECT_NEAR(base::seconds(*peer.time_of<SpeechStopped>() - end), GetParam().second / 1000.0, 0.06);
    EXPECT_EQ(call->session().turn_detection->semantic, GetParam().first) << "shown as it was given";
}

INSTANTIATE_TEST_SUITE_P(Each, EagernessScene,
                         ::testing::Values(std::pair(Eagerness::high, 350), std::pair(Eagerness::medium, 500),
                                           std::pair(Eagerness::automatic, 500), std::pair(Eagerness::low, 1200)));

}  // namespace
}  // namespace antiphon::scenes
