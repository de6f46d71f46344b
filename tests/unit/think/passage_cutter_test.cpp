#include "think/passage_cutter.hpp"

#include "base/utf8.hpp"
#include "engine/token_estimate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace antiphon::think {
namespace {

std::size_t words_of(const std::string& text) {
    std::istringstream in(text);
    return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(in), {}));
}

/// Numbered sentences of ten words.
std::string sentences(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "Sentence " + std::to_string(i) + " has ten words in it and no more. ";
    return text;
}

TEST(PassageCutterTest, AShortSectionIsOnePassageUnderItsHeading) {
    const Document document{"The House", {{"", "Welcome."}, {"Hours", "We open\nat eight.  Daily."}}};
    const auto passages = passages_of(document, "a/house.md");
    ASSERT_EQ(passages.size(), 2U);
    EXPECT_EQ(passages[0], (store::Passage{"a/house.md", "The House", "", "Welcome."}));
    EXPECT_EQ(passages[1], (store::Passage{"a/house.md", "The House", "Hours", "We open at eight. Daily."}));
    EXPECT_EQ(text_to_embed(passages[1]), "The House. Hours. We open at eight. Daily.");
}

TEST(PassageCutterTest, ADocumentWithoutATitleIsCalledByItsFile) {
    EXPECT_EQ(passages_of({"", {{"", "words"}}}, "a/boat.txt").at(0).title, "boat");
}

TEST(PassageCutterTest, PassagesHaveTheirSizeEndWithSentencesAndOverlap) {
    const auto passages = passages_of({"t", {{"h", sentences(100)}}}, "d");
    ASSERT_GE(passages.size(), 5U);
    for (std::size_t i = 0; i < passages.size(); ++i) {
        const std::string& text = passages[i].text;
        EXPECT_LE(words_of(text), 250U);
        if (i + 1 < passages.size()) {
            EXPECT_GE(words_of(text), 150U);
        }
        EXPECT_TRUE(text.ends_with("more.")) << text;
        EXPECT_TRUE(text.starts_with("Sentence ")) << text;
        if (i > 0) {
            // The last three sentences of the one before begin it.
            const std::string first = text.substr(0, text.find('.') + 1);
            EXPECT_NE(passages[i - 1].text.find(first), std::string::npos);
            EXPECT_FALSE(passages[i - 1].text.starts_with(first));
        }
    }
    for (int i = 0; i < 100; ++i) {
        const std::string sentence = "Sentence " + std::to_string(i) + " has";
        EXPECT_TRUE(std::any_of(passages.begin(), passages.end(), [&](const auto& p) { return p.text.find(sentence) != std::string::npos; }))
            << sentence << " is lost";
    }
}

TEST(PassageCutterTest, NothingIsTooLongForAnEmbedder) {
    std::string run_on;
    for (int i = 0; i < 3000; ++i) run_on += "word ";
    std::string digits;
    for (int i = 0; i < 500; ++i) digits += "123456789012 ";
    std::string wide;
    for (int i = 0; i < 4000; ++i) wide += "语";
    const std::string texts[] = {run_on, std::string(100'000, 'x'), wide, digits, sentences(30) + run_on + sentences(30),
                                 std::string(5000, '.'), std::string(3000, '\n') + "-"};
    CutterSettings settings;
    for (const std::string& text : texts) {
        const auto passages = passages_of({"t", {{"", text}}}, "d", settings);
        EXPECT_FALSE(passages.empty());
        EXPECT_LT(passages.size(), 2000U);
        for (const auto& passage : passages) {
            EXPECT_LE(words_of(passage.text), settings.most_words);
            EXPECT_LE(engine::estimate_tokens(passage.text), settings.most_tokens + 2) << passage.text.substr(0, 40);
            EXPECT_TRUE(base::is_utf8(passage.text));
            EXPECT_FALSE(passage.text.empty());
        }
    }
}

TEST(PassageCutterTest, ATitleIsNoNovel) {
    const auto passages = passages_of({std::string(5000, 'a'), {{std::string(999, 'b') + "ü", "words"}}}, "d");
    EXPECT_LE(passages.at(0).title.size(), 160U);
    EXPECT_LE(passages.at(0).heading.size(), 160U);
}

TEST(PassageCutterTest, NoTextGivesNoPassage) {
    EXPECT_TRUE(passages_of({"t", {}}, "d").empty());
    EXPECT_TRUE(passages_of({"t", {{"h", " \n "}}}, "d").empty());
}

}  // namespace
}  // namespace antiphon::think
