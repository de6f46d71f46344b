#include "contract/language_detector_contract.hpp"
#include "engine/whisper/whisper_recognizer.hpp"
#include "fakes/test_models.hpp"

namespace antiphon::contract {
namespace {

using engine::whisper::WhisperRecognizer;

std::unique_ptr<WhisperRecognizer> recognizer(const char* name, const char* file) {
    auto opened = WhisperRecognizer::open({.model = fakes::model_file(name, file)});
    return opened ? std::move(*opened) : nullptr;
}

struct WhisperBaseDetector {
    static std::unique_ptr<engine::LanguageDetector> open() {
        // The detector keeps the weights alive by itself.
        auto detector = recognizer("whisper-base", "ggml-base.bin")->language_detector();
        return detector ? std::move(*detector) : nullptr;
    }
    static std::unique_ptr<engine::LanguageDetector> open_unhurried() { return open(); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(WhisperBase, LanguageDetectorContract, WhisperBaseDetector);

TEST(WhisperLanguageDetector, AnEnglishModelTellsNoLanguages) {
    const auto detector = recognizer("whisper-tiny.en", "ggml-tiny.en.bin")->language_detector();
    ASSERT_FALSE(detector);
    EXPECT_EQ(detector.error().code, base::Errc::unsupported);
}

TEST(WhisperLanguageDetector, KnowsWhatTheModelHasMarksFor) {
    const auto languages = WhisperBaseDetector::open()->languages();
    for (const char* known : {"de", "en", "es", "ja", "jv", "no", "sv", "zh"})
        EXPECT_TRUE(std::binary_search(languages.begin(), languages.end(), known)) << known;
    // Whisper's own code for Javanese, its second Norwegian, and Cantonese, which came with later models.
    for (const char* unknown : {"jw", "nn", "yue"})
        EXPECT_FALSE(std::binary_search(languages.begin(), languages.end(), unknown)) << unknown;
    EXPECT_EQ(languages.size(), 98U);
}

}  // namespace
}  // namespace antiphon::contract
