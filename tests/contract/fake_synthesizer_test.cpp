#include "fakes/fake_synthesizer.hpp"
#include "contract/synthesizer_contract.hpp"

namespace antiphon::contract {
namespace {

struct FakeBackend {
    static std::unique_ptr<engine::Synthesizer> open() {
        return std::make_unique<fakes::FakeSynthesizer>(fakes::FakeVoice{.languages = {"en"}});
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, SynthesizerContract, FakeBackend);

TEST(FakeSynthesizer, ChunksFollowEachOtherWithoutAStep) {
    fakes::FakeSynthesizer voice;
    const auto samples = speak(voice, {"twelve chars", "en", "", 1.0F}).samples();
    ASSERT_EQ(samples.size(), 24000U * 660 / 1000);
    for (std::size_t i = 1; i < samples.size(); ++i) ASSERT_LT(std::abs(samples[i] - samples[i - 1]), 0.01F);
    EXPECT_EQ(voice.chunks(), 4U);
}

TEST(FakeSynthesizer, HoldsUntilReleased) {
    fakes::FakeSynthesizer voice;
    voice.hold_before(1);
    Spoken spoken;
    std::jthread caller([&] { spoken = speak(voice, {"abcdefgh", "en", "", 1.0F}); });
    voice.wait_until_held();
    EXPECT_EQ(voice.chunks(), 1U);
    EXPECT_EQ(voice.finished(), 0U);
    voice.release();
    caller.join();
    EXPECT_TRUE(spoken.result);
    EXPECT_EQ(voice.finished(), 1U);
}

TEST(FakeSynthesizer, AStopEndsAHold) {
    fakes::FakeSynthesizer voice;
    voice.hold_before(0);
    std::stop_source stop;
    Spoken spoken;
    std::jthread caller([&] { spoken = speak(voice, {"abc", "en", "", 1.0F}, stop.get_token()); });
    voice.wait_until_held();
    stop.request_stop();
    caller.join();
    ASSERT_FALSE(spoken.result);
    EXPECT_EQ(spoken.result.error().code, base::Errc::cancelled);
    EXPECT_EQ(voice.cancelled(), 1U);
    EXPECT_EQ(voice.chunks(), 0U);
}

TEST(FakeSynthesizer, FailsOnceWhereToldAndRecordsTexts) {
    fakes::FakeSynthesizer voice;
    voice.fail_next(base::error(base::Errc::engine, "it broke"), 1);
    const auto first = speak(voice, {"abcdefgh", "en", "", 1.0F});
    ASSERT_FALSE(first.result);
    EXPECT_EQ(first.result.error().text, "it broke");
    EXPECT_EQ(first.chunks.size(), 1U);
    EXPECT_TRUE(speak(voice, {"again and again", "en", "", 1.0F}).result);
    EXPECT_EQ(voice.texts(), (std::vector<std::string>{"abcdefgh", "again and again"}));
    EXPECT_EQ(voice.calls(), 2U);
    EXPECT_EQ(voice.finished(), 1U);
}

}  // namespace
}  // namespace antiphon::contract
