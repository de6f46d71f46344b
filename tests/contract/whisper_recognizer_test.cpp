#include "engine/whisper/whisper_recognizer.hpp"

#include "contract/recognizer_contract.hpp"
#include "fakes/test_models.hpp"

namespace antiphon::contract {
namespace {

using engine::whisper::WhisperRecognizer;
using engine::whisper::WhisperSettings;

std::unique_ptr<WhisperRecognizer> open_model(WhisperSettings settings) {
    auto recognizer = WhisperRecognizer::open(settings);
    return recognizer ? std::move(*recognizer) : nullptr;
}

struct WhisperBaseBackend {
    static WhisperSettings settings() { return {.model = fakes::model_file("whisper-base", "ggml-base.bin")}; }
    static std::unique_ptr<engine::Recognizer> open() { return open_model(settings()); }
    static std::unique_ptr<engine::Recognizer> open_unhurried() {
        auto whole = settings();
        whole.cut_window = false;
        return open_model(whole);
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(WhisperBase, RecognizerContract, WhisperBaseBackend);

struct WhisperTinyEnglishBackend {
    static WhisperSettings settings() { return {.model = fakes::model_file("whisper-tiny.en", "ggml-tiny.en.bin")}; }
    static std::unique_ptr<engine::Recognizer> open() { return open_model(settings()); }
    static std::unique_ptr<engine::Recognizer> open_unhurried() {
        auto whole = settings();
        whole.cut_window = false;
        return open_model(whole);
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(WhisperTinyEnglish, RecognizerContract, WhisperTinyEnglishBackend);

TEST(WhisperRecognizer, NoiseThatMovesLikeSpeechGivesNoText) {
    for (const auto& settings : {WhisperBaseBackend::settings(), WhisperTinyEnglishBackend::settings()}) {
        const auto recognizer = open_model(settings);
        for (const Noise kind : kMovingNoises)
            for (const double seconds : {0.5, 2.0, 4.0}) {
                const auto heard = recognizer->transcribe({noise(kind, seconds, -30.0F), "", ""}, {});
                ASSERT_TRUE(heard) << heard.error().text;
                EXPECT_EQ(heard->text, "") << "noise " << static_cast<int>(kind) << ", " << seconds << " s";
            }
    }
}

TEST(WhisperRecognizer, SpeechAmongNoiseIsHeard) {
    const auto recognizer = open_model(WhisperBaseBackend::settings());
    auto sound = kennedy();
    const auto hiss = noise(Noise::pink, 11.0, -35.0F);
    for (std::size_t i = 0; i < sound.samples.size(); ++i) sound.samples[i] += hiss.samples[i];
    const auto heard = recognizer->transcribe({sound, "", ""}, {});
    ASSERT_TRUE(heard) << heard.error().text;
    EXPECT_LE(word_errors(heard->text, kKennedyWords), 3U) << heard->text;
}

// With the plain window of 50 frames a second and 64, tiny.en once filled the whole text with
// "And so my fellow Americans and so ..." here.
TEST(WhisperRecognizer, ShortCutsDoNotMakeItRepeatItself) {
    const auto recognizer = open_model(WhisperTinyEnglishBackend::settings());
    for (const double end : {1.25, 1.6, 2.0, 2.3, 2.8, 3.3, 4.3}) {
        const auto heard = recognizer->transcribe({kennedy(0.0, end), "", ""}, {});
        ASSERT_TRUE(heard) << heard.error().text;
        EXPECT_LE(words_of(heard->text).size(), 8U) << heard->text;
        EXPECT_GE(words_of(heard->text).size(), 2U) << heard->text;
    }
}

TEST(WhisperRecognizer, AnEnglishModelKnowsNoOtherLanguage) {
    const auto recognizer = open_model(WhisperTinyEnglishBackend::settings());
    const auto swedish = recognizer->transcribe({kennedy(0.0, 2.3), "sv", ""}, {});
    ASSERT_FALSE(swedish);
    EXPECT_EQ(swedish.error().code, base::Errc::unsupported);
    EXPECT_EQ(recognizer->transcribe({kennedy(0.0, 2.3), "", ""}, {})->language, "en");
}

TEST(WhisperRecognizer, AMultilingualModelTakesManyLanguagesButNoneBeyondItsTokens) {
    const auto recognizer = open_model(WhisperBaseBackend::settings());
    const auto silence = noise(Noise::silence, 0.5, 0.0F);
    for (const char* language : {"sv", "pt-BR", "nb-NO", "zh-Hant-TW", "jv", "fil", "DE"})
        EXPECT_TRUE(recognizer->transcribe({silence, language, ""}, {})) << language;
    // The library knows Cantonese; this model's tokens end before it.
    const auto cantonese = recognizer->transcribe({silence, "yue", ""}, {});
    ASSERT_FALSE(cantonese);
    EXPECT_EQ(cantonese.error().code, base::Errc::unsupported);
}

TEST(WhisperRecognizer, WaitingForAStateCanBeStopped) {
    auto settings = WhisperBaseBackend::settings();
    settings.states = 1;
    settings.cut_window = false;
    const auto recognizer = open_model(settings);
    EXPECT_EQ(recognizer->parallel(), 1U);
    std::stop_source busy_stop;
    std::vector<std::jthread> busy;
    for (int i = 0; i < 3; ++i)
        busy.emplace_back([&] { (void)recognizer->transcribe({kennedy(), "en", ""}, busy_stop.get_token()); });
    std::stop_source stop;
    base::Result<engine::Transcript> heard = engine::Transcript{};
    std::jthread waiting([&] { heard = recognizer->transcribe({kennedy(), "en", ""}, stop.get_token()); });
    const auto asked = std::chrono::steady_clock::now();
    stop.request_stop();
    waiting.join();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::milliseconds(500));
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().code, base::Errc::cancelled);
    busy_stop.request_stop();
}

TEST(WhisperRecognizer, SettingsOutOfRangeAreRefused) {
    const auto refused = [](WhisperSettings settings, const char* param) {
        const auto recognizer = WhisperRecognizer::open(settings);
        ASSERT_FALSE(recognizer);
        EXPECT_EQ(recognizer.error().code, base::Errc::invalid);
        EXPECT_EQ(recognizer.error().param, param);
    };
    auto settings = WhisperTinyEnglishBackend::settings();
    for (const int threads : {0, -1, 65}) {
        settings.threads = threads;
        refused(settings, "threads");
    }
    settings.threads = 2;
    for (const std::size_t states : {std::size_t{0}, std::size_t{65}}) {
        settings.states = states;
        refused(settings, "states");
    }
}

}  // namespace
}  // namespace antiphon::contract
