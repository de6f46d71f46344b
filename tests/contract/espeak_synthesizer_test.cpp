#include "engine/espeak/espeak_synthesizer.hpp"

#include "contract/synthesizer_contract.hpp"

#include <cmath>
#include <stdexcept>

namespace antiphon::engine::espeak {
namespace {

std::unique_ptr<EspeakSynthesizer> open(const EspeakSettings& settings) {
    auto voice = EspeakSynthesizer::open(settings);
    if (!voice) throw std::runtime_error(voice.error().text);
    return std::move(*voice);
}

struct EspeakBackend {
    static constexpr double kSpread = 0.02;  // its flutter goes on from one text to the next
    static std::unique_ptr<Synthesizer> open() {
        EspeakSettings settings;
        settings.languages = {"en"};
        return espeak::open(settings);
    }
};

TEST(EspeakVoices, ChoosesTheVeryLanguageThenTheNearest) {
    const auto installed = installed_voices();
    ASSERT_TRUE(installed);
    const auto name = [&](const char* language) {
        const auto* voice = voice_for(*installed, language);
        return voice == nullptr ? std::string("none") : voice->name;
    };
    EXPECT_EQ(name("en-US"), "en-us");
    EXPECT_EQ(name("en"), "en-gb");
    EXPECT_EQ(name("pt_BR"), "pt-br");
    EXPECT_EQ(name("pt"), "pt");
    EXPECT_EQ(name("zh"), "cmn");
    EXPECT_EQ(name("zh-Hans-CN"), "cmn");
    EXPECT_EQ(name("no"), "nb");
    EXPECT_EQ(name("nn-NO"), "nb");
    EXPECT_EQ(name("es-AR"), "es");
    EXPECT_EQ(name("tlh"), "none");
    EXPECT_EQ(name(""), "none");
}

TEST(EspeakSynthesizer, SpeaksEveryLanguageThatIsInstalled) {
    const auto voice = open({});
    EXPECT_GT(voice->named_voices().size(), 90U);
    for (const auto& [name, language] : voice->named_voices()) {
        // What it does with letters that are foreign to it is its own affair; that it makes sound is not.
        const auto spoken = contract::speak(*voice, {"Antiphon 12.", language, name, 1.0F});
        EXPECT_TRUE(spoken.result) << name;
        EXPECT_GT(spoken.seconds(), 0.3) << name;
    }
    const auto swedish = contract::speak(*voice, {"Hej, hur mår du i dag?", "sv", "", 1.0F});
    ASSERT_TRUE(swedish.result);
    EXPECT_EQ(swedish.chunks.size(), 2U);
    const auto japanese = contract::speak(*voice, {"こんにちは。元気ですか？", "ja-JP", "", 1.0F});
    ASSERT_TRUE(japanese.result);
    EXPECT_EQ(japanese.chunks.size(), 2U);
}

TEST(EspeakSynthesizer, ANamedVoiceSpeaksItsLanguageOnly) {
    const auto voice = open({});
    EXPECT_TRUE(contract::speak(*voice, {"Hallo.", "de", "espeak-de", 1.0F}).result);
    EXPECT_TRUE(contract::speak(*voice, {"Hallo.", "", "espeak-de", 1.0F}).result);
    const auto other = contract::speak(*voice, {"Hello.", "en", "espeak-de", 1.0F});
    ASSERT_FALSE(other.result);
    EXPECT_EQ(other.result.error().code, base::Errc::unsupported);
    EXPECT_EQ(other.result.error().param, "language");
    const auto unknown = contract::speak(*voice, {"Hello.", "en", "espeak-xx", 1.0F});
    ASSERT_FALSE(unknown.result);
    EXPECT_EQ(unknown.result.error().param, "voice");
}

TEST(EspeakSynthesizer, LanguagesSoundDifferent) {
    const auto voice = open({});
    const double english = contract::speak(*voice, {"Internationalisation", "en-US", "", 1.0F}).seconds();
    const double french = contract::speak(*voice, {"Internationalisation", "fr", "", 1.0F}).seconds();
    EXPECT_GT(std::abs(english - french), 0.05);
    EXPECT_NEAR(english, contract::speak(*voice, {"Internationalisation", "en-US", "", 1.0F}).seconds(), 0.01);
}

TEST(EspeakSynthesizer, ALongTextWithoutMarksIsCutBetweenWordsAndSpokenWhole) {
    const auto voice = open({});
    std::string text;
    while (text.size() < 3000) text += "again and ";
    const auto spoken = contract::speak(*voice, {text, "en-US", "", 1.0F});
    ASSERT_TRUE(spoken.result);
    EXPECT_GE(spoken.chunks.size(), 10U);
    EXPECT_GT(spoken.seconds(), 60.0);
}

TEST(EspeakSynthesizer, ControlCharactersAreNoCommands) {
    const auto voice = open({});
    // ^A and a letter would set espeak-ng's speed.
    const auto plain = contract::speak(*voice, {"one  40S two three four", "en-US", "", 1.0F});
    const auto command = contract::speak(*voice, {"one \x01" "40S two three four", "en-US", "", 1.0F});
    EXPECT_NEAR(plain.seconds(), command.seconds(), 0.01);
}

TEST(EspeakSynthesizer, RefusesSettingsOutOfRange) {
    const auto code = [](EspeakSettings settings) {
        const auto voice = EspeakSynthesizer::open(settings);
        return voice ? base::Errc::engine : voice.error().code;
    };
    EspeakSettings settings;
    settings.language = "tlh";
    EXPECT_EQ(code(settings), base::Errc::unsupported);
    settings = {};
    settings.languages = {"en", "nowhere"};
    EXPECT_EQ(code(settings), base::Errc::unsupported);
    settings = {};
    settings.loudness_dbfs = 0.0F;
    EXPECT_EQ(code(settings), base::Errc::invalid);
    settings = {};
    settings.max_characters = 0;
    EXPECT_EQ(code(settings), base::Errc::invalid);
}

}  // namespace
}  // namespace antiphon::engine::espeak

namespace antiphon::contract {

INSTANTIATE_TYPED_TEST_SUITE_P(Espeak, SynthesizerContract, engine::espeak::EspeakBackend);

}  // namespace antiphon::contract
