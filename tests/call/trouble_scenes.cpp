// What fails, is refused, or hangs up, at each stage; and that the call goes on.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class TroubleScene : public Scene {
protected:
    void expect_a_good_turn() {
        const auto before = count<ResponseDone>();
        turn();
        ASSERT_EQ(count<ResponseDone>(), before + 1);
        EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
    }
};

TEST_F(TroubleScene, TheRecognizerFails) {
    begin();
    recognizer.failure = base::error(base::Errc::engine, "out of memory");
    turn();
    ASSERT_EQ(count<TranscriptionFailed>(), 1U);
    EXPECT_EQ(peer.all<TranscriptionFailed>()[0].error.text, "out of memory");
    EXPECT_EQ(call_metrics.hearing_failures.Value(), 1.0);
    EXPECT_EQ(call_metrics.recognized_seconds.Value(), 0.0);
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    recognizer.failure.reset();
    expect_a_good_turn();
}

TEST_F(TroubleScene, TheLanguageModelFails) {
    begin();
    language_model.failure = base::error(base::Errc::engine, "no answer");
    turn();
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::failed);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.failure, "no answer");
    EXPECT_EQ(call_metrics.thinking_failures.Value(), 1.0);
    EXPECT_EQ(call_metrics.responses_failed.Value(), 1.0);
    language_model.failure.reset();
    expect_a_good_turn();
}

TEST_F(TroubleScene, TheSynthesizerFails) {
    begin();
    synthesizer.failure = base::error(base::Errc::engine, "no voice");
    turn();
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::failed);
    EXPECT_EQ(call_metrics.speaking_failures.Value(), 1.0);
    EXPECT_EQ(call_metrics.synthesized_seconds.Value(), 0.0);
    synthesizer.failure.reset();
    expect_a_good_turn();
    EXPECT_EQ(call_metrics.responses_completed.Value(), 1.0);
    EXPECT_GT(call_metrics.synthesized_seconds.Value(), 0.0);
    EXPECT_GT(call_metrics.recognized_seconds.Value(), 0.0);
}

TEST_F(TroubleScene, TheRecognizerIsOverloaded) {
    begin();
    recognizer_workers.refuse(true);
    turn();
    ASSERT_EQ(count<TranscriptionFailed>(), 1U);
    EXPECT_EQ(peer.all<TranscriptionFailed>()[0].error.code, base::Errc::overloaded);
    EXPECT_GT(call_metrics.overloads.Value(), 0.0);
    recognizer_workers.refuse(false);
    expect_a_good_turn();
}

TEST_F(TroubleScene, TheLanguageModelIsOverloaded) {
    begin();
    language_model_workers.refuse(true);
    turn();
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::failed);
    language_model_workers.refuse(false);
    expect_a_good_turn();
}

TEST_F(TroubleScene, TheSynthesizerIsOverloaded) {
    begin();
    synthesizer_workers.refuse(true);
    turn();
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::failed);
    synthesizer_workers.refuse(false);
    expect_a_good_turn();
}

/// The caller hangs up so many milliseconds after the end of the speech: within the recognizer, the
/// language model, the synthesizer, behind the closed gate, in the sound.
class HangUpScene : public TroubleScene, public ::testing::WithParamInterface<int> {};

TEST_P(HangUpScene, EndsAllWorkAndSaysNothingMore) {
    begin();
    speak(milliseconds(600));
    for (int passed = 0; passed < GetParam(); passed += 20) silence(milliseconds(20));
    call->close();
    const auto told = peer.seen.size();
    const auto sounded = peer.sound.size();
    wait(milliseconds(20000));
    EXPECT_EQ(peer.seen.size(), told);
    EXPECT_EQ(peer.sound.size(), sounded);
    for (const Counts& counts : {recognizer.counts, language_model.counts, synthesizer.counts})
        EXPECT_EQ(counts.begun, counts.finished + counts.cancelled);
    EXPECT_EQ(language_model.forgotten, 1);
    EXPECT_EQ(call_metrics.calls.Value(), 0.0);
}

INSTANTIATE_TEST_SUITE_P(EachStage, HangUpScene, ::testing::Values(0, 180, 280, 360, 460, 700, 2000));

TEST_F(TroubleScene, ClosingTwiceIsFine) {
    begin();
    call->close();
    call->close();
    EXPECT_EQ(call_metrics.calls.Value(), 0.0);
}

TEST_F(TroubleScene, SoundThatIsNoNumberIsHeardAsSilence) {
    begin();
    call->hear(std::vector<float>(4800, std::nanf("")));
    wait(milliseconds(100));
    expect_a_good_turn();
}

}  // namespace
}  // namespace antiphon::scenes
