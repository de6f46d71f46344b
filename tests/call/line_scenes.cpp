// Sound that comes at changing rates, an ear that is far away, and nobody at the other end.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class LineScene : public Scene {
protected:
    void hear_at(int rate, milliseconds length, float amplitude) {
        for (milliseconds passed{0}; passed < length; passed += milliseconds(20)) {
            std::vector<float> frame(static_cast<std::size_t>(rate / 50));
            for (std::size_t i = 0; i < frame.size(); ++i)
                frame[i] = amplitude * std::sin(1600.0F / static_cast<float>(rate) * static_cast<float>(i)) * 1.4F;
            call->hear(frame, rate);
            simulation.run_for(milliseconds(20));
        }
    }
};

TEST_F(LineScene, OneTurnAtThreeRatesIsAsLongAsItWas) {
    begin();
    hear_at(16000, milliseconds(500), 0.001F);
    hear_at(16000, milliseconds(400), 0.3F);
    hear_at(24000, milliseconds(400), 0.3F);
    hear_at(8000, milliseconds(400), 0.3F);
    hear_at(16000, milliseconds(1000), 0.001F);
    ASSERT_EQ(count<SpeechStarted>(), 1U);
    ASSERT_EQ(count<SpeechStopped>(), 1U);
    EXPECT_NEAR(static_cast<double>(peer.all<SpeechStarted>()[0].audio_start_ms), 200.0, 40.0);
    EXPECT_NEAR(static_cast<double>(peer.all<SpeechStopped>()[0].audio_end_ms), 1700.0, 40.0);
}

TEST_F(LineScene, ManyChangesOfTheRateLoseNoTime) {
    session.turn_detection.reset();
    begin();
    for (int i = 0; i < 100; ++i) {
        hear_at(24000, milliseconds(20), 0.3F);
        hear_at(16000, milliseconds(20), 0.3F);
    }
    call->commit_audio("c");
    wait(milliseconds(500));
    EXPECT_NEAR(base::seconds(recognizer.lengths.back()), 4.0, 0.03);
}

TEST_F(LineScene, ARateThatCannotBeIsDropped) {
    begin();
    call->hear(std::vector<float>(480, 0.3F), 1000);
    call->hear(std::vector<float>(480, 0.3F), 0);
    turn();
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(LineScene, HeldOutputWaitsWhileTheWorkGoesOn) {
    begin();
    turn(milliseconds(300));
    ASSERT_TRUE(peer.first_audio);
    call->hold_output();
    const auto sent = peer.sound.size();
    wait(milliseconds(20'000));
    EXPECT_EQ(peer.sound.size(), sent);
    EXPECT_EQ(count<ResponseDone>(), 0U);
    EXPECT_EQ(language_model.counts.finished, 1);
    call->resume_output({});
    wait(milliseconds(9000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::completed);
    for (std::size_t i = 1; i < peer.sound.size(); ++i)
        ASSERT_NEAR(peer.sound[i], static_cast<float>(i % 16384) / 32768.0F, 1e-6F);
}

TEST_F(LineScene, HeldOutputSurvivesANewSession) {
    begin();
    turn(milliseconds(300));
    call->hold_output();
    const auto sent = peer.sound.size();
    SessionPatch patch;
    patch.turn_detection = std::optional<TurnDetection>(TurnDetection{});
    call->update_session(patch, "u");
    wait(milliseconds(3000));
    EXPECT_EQ(peer.sound.size(), sent);
    call->resume_output({});
    wait(milliseconds(9000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

}  // namespace
}  // namespace antiphon::scenes
