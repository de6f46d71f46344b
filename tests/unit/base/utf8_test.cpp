#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <random>

namespace antiphon::base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, AcceptsTheFirstAndLastOfEachLength) {
    for (const std::string_view text :
         {std::string_view("\0", 1), std::string_view("\x7F"), std::string_view("\xC2\x80"),
          std::string_view("\xDF\xBF"), std::string_view("\xE0\xA0\x80"), std::string_view("\xED\x9F\xBF"),
          std::string_view("\xEE\x80\x80"), std::string_view("\xEF\xBF\xBF"), std::string_view("\xF0\x90\x80\x80"),
          std::string_view("\xF4\x8F\xBF\xBF"), std::string_view("")}) {
        EXPECT_TRUE(is_utf8(text));
        EXPECT_EQ(whole_characters(text), text.size());
        EXPECT_EQ(to_utf8(text), text);
    }
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
    for (const std::string_view text :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
          "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE", "\xC2",
          "\xE2\x82", "\xF0\x9F\x98", "\xC2\x41", "a\xE2\x82z"}) {
        EXPECT_FALSE(is_utf8(text)) << text.size();
        EXPECT_TRUE(is_utf8(to_utf8(text)));
    }
}

TEST(Utf8, EachMalformedByteBecomesOneReplacement) {
    EXPECT_EQ(to_utf8("a\xFF\xFE"
                      "b"),
              "a" + std::string(kReplacement) + std::string(kReplacement) + "b");
    EXPECT_EQ(to_utf8("\xE2\x82"), std::string(kReplacement) + std::string(kReplacement));
    EXPECT_EQ(to_utf8("\xC3\xA4"), "\xC3\xA4");
}

TEST(Utf8, HoldsBackTheBeginningOfACharacter) {
    const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80";
    const std::size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (std::size_t length = 0; length <= text.size(); ++length)
        EXPECT_EQ(whole_characters(std::string_view(text).substr(0, length)), whole[length]) << length;
}

TEST(Utf8, AMalformedByteDoesNotGetStuck) {
    EXPECT_EQ(whole_characters("ab\xFF"), 3U);
    EXPECT_EQ(whole_characters("\xE2\x41"), 2U);
    EXPECT_EQ(whole_characters("\xE0\x80"), 2U) << "no third byte could mend this";
}

TEST(Utf8, CodePointsThereAndBack) {
    const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80";
    const std::vector<char32_t> points = code_points(text);
    EXPECT_EQ(points, (std::vector<char32_t>{U'a', U'\u00E4', U'\u20AC', U'\U0001F600'}));
    std::string back;
    for (const char32_t point : points) append_utf8(back, point);
    EXPECT_EQ(back, text);
    EXPECT_EQ(code_points("\xFFz"), (std::vector<char32_t>{U'\uFFFD', U'z'}));
}

TEST(Utf8, EveryCodePointComesBack) {
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (point >= 0xD800 && point <= 0xDFFF) continue;
        std::string text;
        append_utf8(text, point);
        ASSERT_TRUE(is_utf8(text)) << static_cast<unsigned long>(point);
        const auto points = code_points(text);
        ASSERT_EQ(points.size(), 1U);
        ASSERT_EQ(points.front(), point);
    }
}

TEST(Utf8, WhatCannotBeWrittenIsReplaced) {
    for (const char32_t point : {char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x110000}, char32_t{0xFFFFFFFF}}) {
        std::string text;
        append_utf8(text, point);
        EXPECT_EQ(text, kReplacement) << static_cast<unsigned long>(point);
    }
}

TEST(Utf8, RandomBytesAreAlwaysMendedOnce) {
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 12, ' ');
        for (char& c : text) c = static_cast<char>(random());
        const std::string clean = to_utf8(text);
        ASSERT_TRUE(is_utf8(clean));
        ASSERT_EQ(to_utf8(clean), clean);
        ASSERT_LE(whole_characters(text), text.size());
        ASSERT_LE(text.size() - whole_characters(text), 3U);
    }
}

TEST(Utf8, TrimsWhiteSpaceAtBothEndsOnly) {
    EXPECT_EQ(trimmed("  a b\t\r\n"), "a b");
    EXPECT_EQ(trimmed("\n \t\v\f\r"), "");
    EXPECT_EQ(trimmed(""), "");
    EXPECT_EQ(trimmed("x"), "x");
}

}  // namespace
}  // namespace antiphon::base
