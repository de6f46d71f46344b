#include "engine/piper/piper_synthesizer.hpp"
#include "contract/synthesizer_contract.hpp"
#include "fakes/test_models.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace antiphon::engine::piper {
namespace {

PiperSettings quiet_settings() {
    PiperSettings settings;
    settings.model = fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
    settings.noise_scale = 0.0F;
    settings.noise_w = 0.0F;
    return settings;
}

std::unique_ptr<PiperSynthesizer> open(const PiperSettings& settings) {
    auto voice = PiperSynthesizer::open(settings);
    if (!voice) throw std::runtime_error(voice.error().text);
    return std::move(*voice);
}

struct PiperBackend {
    static std::unique_ptr<Synthesizer> open() { return piper::open(quiet_settings()); }
};

/// A folder of the test's own, removed at its end.
class PiperFiles : public testing::Test {
protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(testing::TempDir()) /
                  (std::string("antiphon-") + info->name() + "-" +
                   std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
        return folder_ / name;
    }
    static std::string bytes_of(const std::filesystem::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    static void expect_failure(const PiperSettings& settings, base::Errc code) {
        const auto voice = PiperSynthesizer::open(settings);
        ASSERT_FALSE(voice);
        EXPECT_EQ(voice.error().code, code) << voice.error().text;
        EXPECT_FALSE(voice.error().text.empty());
    }

    std::filesystem::path folder_;
};

TEST(PiperSynthesizer, SaysWhatItIs) {
    const auto voice = open(quiet_settings());
    EXPECT_EQ(voice->sample_rate(), 22050);
    EXPECT_EQ(voice->language(), "en-US");
    EXPECT_EQ(voice->voices(), (std::vector<std::string>{"en_US-joe-medium", "joe"}));
}

TEST(PiperSynthesizer, TakesItsOwnNameAndRefusesOthers) {
    const auto voice = open(quiet_settings());
    EXPECT_TRUE(contract::speak(*voice, {"Hello.", "en", "joe", 1.0F}).result);
    const auto refused = contract::speak(*voice, {"Hello.", "en", "somebody", 1.0F});
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.result.error().code, base::Errc::unsupported);
    EXPECT_EQ(refused.result.error().param, "voice");
    EXPECT_TRUE(refused.chunks.empty());
}

TEST(PiperSynthesizer, KnowsEveryPhonemeOfItsLanguage) {
    const auto voice = open(quiet_settings());
    for (const char* text :
         {contract::kSentence, contract::kLongText, "The résumé of a naïve façade, at 10:30, costs 3.5 percent."})
        EXPECT_TRUE(contract::speak(*voice, {text, "en", "", 1.0F}).result);
    EXPECT_EQ(voice->unknown_phonemes(), 0U);
}

TEST(PiperSynthesizer, ALongSentenceComesInSeveralChunks) {
    const auto voice = open(quiet_settings());
    const auto spoken = contract::speak(
        *voice, {"When the sun went down behind the old mill at the river, the children, who had played there "
                 "since noon, ran home along the narrow path, and nobody saw the fox.",
                 "en", "", 1.0F});
    ASSERT_TRUE(spoken.result);
    ASSERT_GE(spoken.chunks.size(), 2U);
    EXPECT_LT(base::seconds(spoken.chunks.front().duration()), 5.0);
    EXPECT_GT(spoken.seconds(), 6.0);
}

TEST(PiperSynthesizer, WithItsNoiseTheSameTextSoundsDifferentEachTime) {
    auto settings = quiet_settings();
    settings.noise_scale.reset();
    settings.noise_w.reset();
    const auto voice = open(settings);
    const auto one = contract::speak(*voice, {contract::kSentence, "en", "", 1.0F});
    const auto two = contract::speak(*voice, {contract::kSentence, "en", "", 1.0F});
    EXPECT_NE(one.samples(), two.samples());
}

TEST(PiperSynthesizer, AStopEndsARunOfTheModel) {
    const auto voice = open(quiet_settings());
    // No punctuation: one run of seconds of work, so the stop comes while the model computes.
    std::string text = "we walked";
    while (text.size() < 260) text += " and walked along the river";
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(contract::speak(*voice, {text, "en", "", 1.0F}).result);
    const auto whole = std::chrono::steady_clock::now() - begin;

    std::stop_source stop;
    std::chrono::steady_clock::time_point asked;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(whole / 4);
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
    });
    const auto stopped = contract::speak(*voice, {text, "en", "", 1.0F}, stop.get_token());
    const auto end = std::chrono::steady_clock::now();
    stopper.join();
    ASSERT_FALSE(stopped.result);
    EXPECT_EQ(stopped.result.error().code, base::Errc::cancelled);
    const auto waited = end - asked;
    RecordProperty("stop_ms", static_cast<int>(base::whole_milliseconds(waited)));
    EXPECT_LT(waited, whole / 4) << "stopping took " << base::whole_milliseconds(waited) << " ms of "
                                 << base::whole_milliseconds(whole);
    EXPECT_TRUE(contract::speak(*voice, {"Still here.", "en", "", 1.0F}).result);
}

TEST_F(PiperFiles, MissingFilesAreNamed) {
    auto settings = quiet_settings();
    settings.config = folder_ / "none.json";
    expect_failure(settings, base::Errc::unavailable);
    settings = quiet_settings();
    settings.model = folder_ / "none.onnx";
    expect_failure(settings, base::Errc::unavailable);
}

TEST_F(PiperFiles, ADamagedModelIsRefused) {
    auto settings = quiet_settings();
    settings.config = settings.model.string() + ".json";
    const std::string whole = bytes_of(settings.model);
    settings.model = write("cut.onnx", whole.substr(0, whole.size() / 2));
    expect_failure(settings, base::Errc::engine);
    settings.model = write("noise.onnx", "this is no model");
    expect_failure(settings, base::Errc::engine);
    settings.model = write("empty.onnx", "");
    expect_failure(settings, base::Errc::engine);
}

TEST_F(PiperFiles, AModelOfAnotherKindIsRefused) {
    auto settings = quiet_settings();
    settings.config = settings.model.string() + ".json";
    settings.model = fakes::model_file("silero-vad", "silero_vad.onnx");
    expect_failure(settings, base::Errc::engine);
}

TEST_F(PiperFiles, SettingsThatDoNotFitAreRefused) {
    auto settings = quiet_settings();
    const std::string json = bytes_of(settings.model.string() + ".json");
    settings.config = write("cut.json", json.substr(0, json.size() / 2));
    expect_failure(settings, base::Errc::invalid);

    std::string foreign = json;
    foreign.replace(foreign.find("\"en-us\""), 7, "\"xx-zz\"");
    settings.config = write("foreign.json", foreign);
    expect_failure(settings, base::Errc::unsupported);

    // A number that the model has no symbol for fails in the first run, not in the first call.
    std::string wrong = json;
    const auto at = wrong.find("14", wrong.find("\"a\": ["));
    wrong.replace(at, 2, "99999");
    settings.config = write("wrong.json", wrong);
    expect_failure(settings, base::Errc::engine);

    settings = quiet_settings();
    settings.threads = 0;
    expect_failure(settings, base::Errc::invalid);
    settings = quiet_settings();
    settings.noise_w = -1.0F;
    expect_failure(settings, base::Errc::invalid);
}

}  // namespace
}  // namespace antiphon::engine::piper

namespace antiphon::contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Piper, SynthesizerContract, engine::piper::PiperBackend);
}
