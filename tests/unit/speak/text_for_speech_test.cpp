#include "speak/text_for_speech.hpp"

#include "base/utf8.hpp"
#include "speak/language_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace antiphon::speak {
namespace {

std::string english(std::string_view text) { return text_for_speech(text, "en-US"); }
std::string german(std::string_view text) { return text_for_speech(text, "de"); }

TEST(TextForSpeech, the_language_is_chosen_by_its_primary_tag) {
    for (const char* tag : {"en", "en-US", "EN", "en_AU", "en-Latn-GB", ""})
        EXPECT_EQ(text_for_speech("5 km", tag), "five kilometers") << tag;
    for (const char* tag : {"de", "de-AT", "DE_ch"}) EXPECT_EQ(text_for_speech("21", tag), "einundzwanzig") << tag;
    for (const char* tag : {"sv", "sv-FI"}) EXPECT_EQ(text_for_speech("21", tag), "tjugoett") << tag;
    for (const char* tag : {"enm", "fr", "x", "e", "\xFF"})
        EXPECT_EQ(text_for_speech("$5 & 21", tag), "$5 & 21") << tag;
    EXPECT_EQ(language_region("en-Latn-GB"), "gb");
    EXPECT_EQ(language_region("en"), "");
}

TEST(TextForSpeech, the_region_orders_day_and_month) {
    EXPECT_EQ(text_for_speech("4/7/2021", "en-US"), "April seventh, twenty twenty-one");
    EXPECT_EQ(text_for_speech("4/7/2021", "en-GB"), "July fourth, twenty twenty-one");
}

// The chunker keeps blocks of code whole and cuts at clauses, or anywhere when a sentence does not end.
TEST(TextForSpeech, pieces_cut_anywhere_are_understood) {
    EXPECT_EQ(english("```\nnever closed\n"), "");
    EXPECT_EQ(english("```one line```"), "one line");
    EXPECT_EQ(english("see [text, "), "see text,");
    EXPECT_EQ(english("see [text](https://x.org/an"), "see text");
    EXPECT_EQ(english("text, more](https://x.org/a) rest"), "text, more rest");
    EXPECT_EQ(english("this is **bold, "), "this is bold,");
    EXPECT_EQ(english("and more** here."), "and more here.");
    // A row of a table that was cut inside, and the rows behind it.
    EXPECT_EQ(english("| Name | a long "), "Name, a long");
    EXPECT_EQ(english("cell | 5 |\n"), "cell, five,");
    EXPECT_EQ(english("|---|"), "");
    EXPECT_EQ(german("am 3. "), "am dritten");
}

TEST(TextForSpeech, other_scripts_keep_their_marks) {
    EXPECT_EQ(text_for_speech("你好，**世界**！！", "zh"), "你好，世界！");
    EXPECT_EQ(text_for_speech("- مرحبا **بك**، كيف حالك؟\n", "ar"), "مرحبا بك، كيف حالك؟");
    EXPECT_EQ(text_for_speech("नमस्ते। **ठीक** है?", "hi"), "नमस्ते। ठीक है?");
    EXPECT_EQ(german("می\u200Cخواهم"), "می\u200Cخواهم");
}

TEST(TextForSpeech, control_characters_and_malformed_bytes_vanish) {
    EXPECT_EQ(english(std::string_view("a\0b\x07"
                                       "c\x1B\u200B\uFEFFd",
                                       14)),
              "abcd");
    EXPECT_EQ(english("so\xFF it\xC3 is"), "so it is");
}

TEST(TextForSpeech, nothing_to_say) {
    for (const char* text : {"", " \n\t", "---", "***", "👍", "...", "?!", "```\nx\n```", "|---|---|", "()", "\xFF\xFE",
                             "[1]", "**", "\"\""})
        EXPECT_EQ(english(text), "") << text;
}

TEST(TextForSpeech, long_numbers_are_read_digit_by_digit_and_never_blow_up) {
    EXPECT_EQ(english("1234567890123456"),
              "one two three four five six seven eight nine zero one two three four five six");
    const std::string digits(5000, '7');
    // Too much to say in words: the digits stay.
    EXPECT_EQ(english(digits), digits);
    for (const char* language : {"en", "de", "sv"}) {
        std::string groups;
        for (int i = 0; i < 300; ++i) groups += "777 ";
        EXPECT_LE(base::code_points(text_for_speech(groups, language)).size(), 4 * groups.size() + 256) << language;
    }
}

TEST(TextForSpeech, any_bytes_give_utf8_of_bounded_length_without_double_spaces) {
    std::mt19937 random(11);
    const std::string_view parts[] = {"[",
                                      "]",
                                      "(",
                                      ")",
                                      "*",
                                      "_",
                                      "`",
                                      "```",
                                      "\n",
                                      "|",
                                      "#",
                                      " ",
                                      "http://a.b/c",
                                      "www.x",
                                      "$",
                                      "5",
                                      "1,000",
                                      ".",
                                      ",",
                                      "!",
                                      "10:00",
                                      "<",
                                      ">",
                                      "&amp;",
                                      "&",
                                      "e.g.",
                                      "St.",
                                      "a",
                                      "Word",
                                      "\\",
                                      "\xFF",
                                      "\xE2\x80",
                                      "👍",
                                      "é",
                                      "你",
                                      "-",
                                      "–",
                                      "—",
                                      "~",
                                      "%",
                                      "@",
                                      "/",
                                      "\r",
                                      "'",
                                      "\"",
                                      "…",
                                      "…\u200D",
                                      "°C",
                                      "^",
                                      "½",
                                      "km",
                                      "1990s",
                                      "May",
                                      "3rd",
                                      "VIII",
                                      "Henry",
                                      "+1",
                                      "555",
                                      "v2",
                                      "€",
                                      "=",
                                      "²",
                                      "million",
                                      "Oct.",
                                      "2024",
                                      "am 3.",
                                      "Uhr",
                                      "kr",
                                      ":-",
                                      "x",
                                      "a@b.de",
                                      "0",
                                      "77",
                                      "K",
                                      "'90s",
                                      "1/2",
                                      "−",
                                      "z. B."};
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        const auto count = random() % 40;
        for (std::size_t i = 0; i < count; ++i) text += parts[random() % std::size(parts)];
        for (const char* language : {"en", "en-GB", "de", "sv", "fr"}) {
            const std::string spoken = text_for_speech(text, language);
            ASSERT_TRUE(base::is_utf8(spoken));
            ASSERT_LE(base::code_points(spoken).size(), max_spoken_characters(base::code_points(text).size()));
            ASSERT_EQ(spoken.find("  "), std::string::npos) << text << "\n" << spoken;
            ASSERT_TRUE(std::none_of(spoken.begin(), spoken.end(),
                                     [](char c) { return c == '*' || c == '`' || c == '\n' || c == '#'; }))
                << text << "\n"
                << spoken;
        }
    }
}

}  // namespace
}  // namespace antiphon::speak
