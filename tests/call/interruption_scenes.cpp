// The caller speaks while the answer is spoken.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class InterruptionScene : public Scene {
protected:
    /// Until the answer has sounded for so long.
    void answer_for(milliseconds length) {
        begin();
        speak(milliseconds(600));
        silence(milliseconds(500));
        while (!peer.first_audio) silence(milliseconds(20));
        silence(length);
    }
};

TEST_F(InterruptionScene, StopsTheAnswerAndKeepsWhatWasHeard) {
    answer_for(milliseconds(1400));
    const auto began = simulation.now();
    speak(milliseconds(800));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    const auto done = peer.all<ResponseDone>()[0].response;
    EXPECT_EQ(done.status, ResponseStatus::cancelled);
    EXPECT_EQ(done.end, ResponseEnd::turn_detected);
    // The pacer is held at the first two windows of speech; nothing but the fade comes after.
    EXPECT_LT(base::seconds(*peer.last_audio - began), 0.26);
    EXPECT_EQ(peer.cleared, 1);
    // 50 ms a letter: 1.4 s, two windows and the lead were heard, that is 31 to 33 letters.
    EXPECT_EQ(think::words_of(done.output.at(0)), "It is sunny today. Tomorrow it");
    ASSERT_EQ(count<ItemTruncated>(), 1U);
    EXPECT_NEAR(static_cast<double>(peer.all<ItemTruncated>()[0].audio_end_ms), 1600.0, 60.0);

    silence(milliseconds(900));
    EXPECT_EQ(last_texts().at(1), "It is sunny today. Tomorrow it");
    EXPECT_EQ(call_metrics.interruptions.Value(), 1.0);
}

TEST_F(InterruptionScene, ACoughIsNoInterruption) {
    answer_for(milliseconds(600));
    speak(milliseconds(100));
    silence(milliseconds(200));
    wait(milliseconds(8000));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::completed);
    EXPECT_EQ(count<SpeechStarted>(), 1U);
    EXPECT_EQ(call_metrics.false_interruptions.Value(), 1.0);
    for (std::size_t i = 1; i < peer.sound.size(); ++i)
        ASSERT_NEAR(peer.sound[i], static_cast<float>(i % 16384) / 32768.0F, 1e-6F) << "speech did not go on from the exact sample";
}

TEST_F(InterruptionScene, ACoughOverTheLastFramesDoesNotHoldTheEnd) {
    language_model.answer = "Yes, it is.";
    begin();
    std::size_t asked = 0;
    for (milliseconds into{0}; into <= milliseconds(400); into += milliseconds(20)) {
        call->create_item(typed("Is it?"), std::nullopt, "");
        call->create_response({});
        while (count<OutputSoundStarted>() == asked) silence(milliseconds(20));
        ++asked;
        silence(into);
        speak(milliseconds(100));
        silence(milliseconds(1500));
        ASSERT_EQ(count<ResponseDone>(), asked) << "the cough came after " << into.count() << " ms";
        EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
    }
    EXPECT_GT(call_metrics.false_interruptions.Value(), 0.0);
}

TEST_F(InterruptionScene, TheWorkOfTheCancelledTurnStops) {
    language_model.per_word = milliseconds(200);
    answer_for(milliseconds(100));
    EXPECT_EQ(language_model.counts.finished, 0);
    speak(milliseconds(400));
    EXPECT_EQ(language_model.counts.cancelled, 1);
    const auto made = synthesizer.counts.begun;
    silence(milliseconds(100));
    EXPECT_EQ(synthesizer.counts.begun, made);
}

TEST_F(InterruptionScene, TheCallerGoesOnBeforeAnythingSounded) {
    synthesizer.takes = milliseconds(2000);
    begin();
    speak(milliseconds(600));
    silence(milliseconds(700));
    ASSERT_EQ(count<ResponseCreated>(), 1U);
    speak(milliseconds(400));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    const auto done = peer.all<ResponseDone>()[0].response;
    EXPECT_EQ(done.status, ResponseStatus::cancelled);
    EXPECT_EQ(think::words_of(done.output.at(0)), "");
    EXPECT_EQ(count<ItemTruncated>(), 0U);
    silence(milliseconds(700));
    // Nothing unheard is in the history: both utterances are one message of the caller's.
    EXPECT_EQ(last_texts(), std::vector<std::string>{"what did I say what did I say"});
}

TEST_F(InterruptionScene, SwitchedOffTheAnswerGoesOnAndTheNextFollows) {
    session.turn_detection->interrupt_response = false;
    recognizer.texts = {"first", "second"};
    answer_for(milliseconds(300));
    speak(milliseconds(600));
    silence(milliseconds(700));
    EXPECT_EQ(count<ResponseDone>(), 0U);
    wait(milliseconds(20000));
    ASSERT_EQ(count<ResponseDone>(), 2U);
    for (const auto& done : peer.all<ResponseDone>()) EXPECT_EQ(done.response.status, ResponseStatus::completed);
}

TEST_F(InterruptionScene, ALateTruncationOfTheClientCorrectsTheHistory) {
    answer_for(milliseconds(1400));
    speak(milliseconds(400));
    const std::string item = peer.all<ItemTruncated>().at(0).item_id;
    call->truncate_item(item, 620, "");
    ASSERT_EQ(count<ItemTruncated>(), 2U);
    call->retrieve_item(item, "");
    EXPECT_EQ(think::words_of(peer.all<ItemRetrieved>().at(0).item), "It is sunny");
    call->truncate_item(item, 600000, "evt_7");
    ASSERT_EQ(count<RequestFailed>(), 1U);
    EXPECT_EQ(peer.all<RequestFailed>()[0].client_event_id, "evt_7");
    EXPECT_EQ(peer.all<RequestFailed>()[0].error.param, "audio_end_ms");
}

}  // namespace
}  // namespace antiphon::scenes
