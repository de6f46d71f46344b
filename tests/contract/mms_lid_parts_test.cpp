#include "engine/language_tag.hpp"
#include "engine/mms_lid/language_code.hpp"
#include "engine/mms_lid/ranking.hpp"
#include "engine/mms_lid/waveform.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace antiphon::engine::mms_lid {
namespace {

TEST(Waveform, HasZeroMeanAndUnitVariance) {
    std::vector<float> sound;
    for (int i = 0; i < 20000; ++i) sound.push_back(0.3F + 0.01F * std::sin(0.1F * static_cast<float>(i)));
    const auto out = normalised(sound);
    ASSERT_EQ(out.size(), sound.size());
    double sum = 0.0;
    double squares = 0.0;
    for (const float sample : out) {
        sum += sample;
        squares += static_cast<double>(sample) * sample;
    }
    EXPECT_NEAR(sum / 20000, 0.0, 1e-5);
    EXPECT_NEAR(squares / 20000, 1.0, 5e-3);  // the epsilon is 2e-3 of this variance
}

TEST(Waveform, KeepsTheFormula) {
    // By hand: the mean is 0.25, the variance 0.0625 divided by 4, not by 3.
    const auto out = normalised(std::vector<float>{0.0F, 0.5F, 0.0F, 0.5F});
    const auto expected = static_cast<float>(0.25 / std::sqrt(0.0625 + 1e-7));
    EXPECT_FLOAT_EQ(out[0], -expected);
    EXPECT_FLOAT_EQ(out[1], expected);
}

TEST(Waveform, ConstantEmptyAndEnormousSoundsStayFinite) {
    EXPECT_TRUE(normalised({}).empty());
    for (const float sample : normalised(std::vector<float>(500, 0.7F))) EXPECT_FLOAT_EQ(sample, 0.0F);
    const auto enormous = normalised(std::vector<float>{3e38F, -3e38F});
    EXPECT_FLOAT_EQ(enormous[0], 1.0F);
    EXPECT_FLOAT_EQ(enormous[1], -1.0F);
}

TEST(LanguageCode, HasTwoLettersWhereThereAreTwo) {
    for (const auto& [label, expected] : std::vector<std::pair<std::string, std::string>>{
             {"eng", "en"}, {"swe", "sv"}, {"deu", "de"}, {"fra", "fr"}, {"spa", "es"}, {"zul", "zu"}, {"abk", "ab"},
             {"cmn", "zh"}, {"zlm", "ms"}, {"swh", "sw"}, {"npi", "ne"}, {"ara", "ar"}, {"arb", "ar"}, {"pes", "fa"},
             {"tgl", "tl"}, {"jav", "jv"}, {"heb", "he"}, {"khk", "mn"}, {"azj-script_latin", "az"},
             {"nob", "no"}, {"nno", "no"}, {"kmr", "ku"}})
        EXPECT_EQ(bcp47_of(label), expected) << label;
}

TEST(LanguageCode, KeepsThreeLettersWhereThereAreNone) {
    for (const char* label : {"ceb", "yue", "war", "haw", "kea", "xyz", "zzz", "aaa", ""}) EXPECT_EQ(bcp47_of(label), label);
}

TEST(LanguageCode, SpeaksTheHousesNames) {
    for (const char* label : {"nob", "nno", "cmn", "eng", "por"})
        EXPECT_EQ(bcp47_of(label), primary_language(bcp47_of(label))) << label;
}

TEST(Ranking, IsTheSoftmaxFalling) {
    const std::vector<std::string> languages{"sv", "en", "de"};
    const auto findings = rank(std::vector<float>{0.0F, std::log(3.0F), std::log(6.0F)}, languages);
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].language, "de");
    EXPECT_NEAR(findings[0].confidence, 0.6, 1e-6);
    EXPECT_EQ(findings[1].language, "en");
    EXPECT_NEAR(findings[1].confidence, 0.3, 1e-6);
    EXPECT_EQ(findings[2].language, "sv");
    EXPECT_NEAR(findings[2].confidence, 0.1, 1e-6);
}

TEST(Ranking, AddsUpWhatIsOneLanguage) {
    const std::vector<std::string> languages{"no", "da", "no"};
    const auto findings = rank(std::vector<float>{0.0F, 0.5F, 0.0F}, languages);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].language, "no");
    EXPECT_NEAR(findings[0].confidence, 2.0 / (2.0 + std::exp(0.5)), 1e-6);
}

TEST(Ranking, GivesTenAtMost) {
    std::vector<std::string> languages;
    std::vector<float> logits;
    for (int i = 0; i < 126; ++i) {
        languages.push_back("l" + std::to_string(i));
        logits.push_back(static_cast<float>(i % 7));
    }
    const auto findings = rank(logits, languages);
    ASSERT_EQ(findings.size(), kMostFindings);
    for (std::size_t i = 1; i < findings.size(); ++i) EXPECT_GE(findings[i - 1].confidence, findings[i].confidence);
    EXPECT_EQ(findings.front().language, "l104");  // the first by its name of the eighteen that are equal
}

TEST(Ranking, EnormousLogitsStayProbabilities) {
    const std::vector<std::string> languages{"a", "b"};
    const auto findings = rank(std::vector<float>{3e38F, -3e38F}, languages);
    EXPECT_FLOAT_EQ(findings[0].confidence, 1.0F);
    EXPECT_FLOAT_EQ(findings[1].confidence, 0.0F);
    EXPECT_TRUE(rank({}, {}).empty());
}

}  // namespace
}  // namespace antiphon::engine::mms_lid
