#include "engine/piper/clauses.hpp"
#include "engine/piper/pieces.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine::piper {
namespace {

/// "text|mark" of each clause; "-" for none.
std::vector<std::string> clauses_of(std::string_view text) {
    std::vector<std::string> all;
    for (const Clause& clause : split_clauses(text))
        all.push_back(clause.text + "|" + (clause.mark == 0 ? '-' : static_cast<char>(clause.mark)));
    return all;
}
using Strings = std::vector<std::string>;

TEST(Clauses, CutsAtEachMark) {
    EXPECT_EQ(clauses_of("Yes, I know; really: why? Go! Now."),
              (Strings{"Yes|,", "I know|;", "really|:", "why|?", "Go|!", "Now|."}));
    EXPECT_EQ(clauses_of("no mark at the end"), (Strings{"no mark at the end|-"}));
}

TEST(Clauses, KeepsNumbersTimesAndNamesWhole) {
    EXPECT_EQ(clauses_of("At 10:30, 1,200 people paid 3.5 to example.com."),
              (Strings{"At 10:30|,", "1,200 people paid 3.5 to example.com|."}));
    EXPECT_EQ(clauses_of("J. Smith lives here."), (Strings{"J. Smith lives here|."}));
    EXPECT_EQ(clauses_of("It is approx. five."), (Strings{"It is approx. five|."}));
    EXPECT_EQ(clauses_of("So am I. You too."), (Strings{"So am I|.", "You too|."}));
}

TEST(Clauses, QuotesAndBracketsStayBehindTheMark) {
    EXPECT_EQ(clauses_of("He said \"go!\" and went."), (Strings{"He said \"go|!", "\" and went|."}));
    EXPECT_EQ(clauses_of("“Why?” she asked."), (Strings{"“Why|?", "” she asked|."}));
}

TEST(Clauses, TheStrongestOfSeveralMarksCounts) {
    EXPECT_EQ(clauses_of("Really?! Wait..."), (Strings{"Really|?", "Wait|."}));
    EXPECT_EQ(clauses_of("Really, ?"), (Strings{"Really|?"}));
}

TEST(Clauses, OtherScriptsAndDashes) {
    EXPECT_EQ(clauses_of("你好，世界。好吗？"), (Strings{"你好|,", "世界|.", "好吗|?"}));
    EXPECT_EQ(clauses_of("नमस्ते। ठीक"), (Strings{"नमस्ते|.", "ठीक|-"}));
    EXPECT_EQ(clauses_of("كيف حالك؟"), (Strings{"كيف حالك|?"}));
    EXPECT_EQ(clauses_of("one — two – three - four-five"), (Strings{"one|,", "two|,", "three|,", "four-five|-"}));
}

TEST(Clauses, NothingToSay) {
    for (const char* text : {"", "  \n", "...", "?!", "—", "\"'", "。", "🙂"})
        EXPECT_TRUE(split_clauses(text).empty()) << text;
}

std::u32string sound(std::size_t length) {
    std::u32string s;
    while (s.size() < length) s += s.size() % 5 == 4 ? U' ' : U'a';
    if (!s.empty() && s.back() == U' ') s.back() = U'a';
    return s;
}

TEST(Pieces, AShortSentenceStaysWhole) {
    const auto pieces = plan_pieces({{U"aaaaaaaa", U','}, {U"bbbbbbbbb", U'.'}});
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_EQ(pieces[0].phonemes, U"aaaaaaaa, bbbbbbbbb.");
    EXPECT_EQ(pieces[0].mark, U'.');
}

TEST(Pieces, SentencesArePartedAndTinyOnesJoined) {
    const auto pieces = plan_pieces({{U"aa", U'!'}, {sound(20), U'.'}, {sound(30), U'.'}});
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_EQ(pieces[0].phonemes, U"aa! " + sound(20) + U".");
    EXPECT_EQ(pieces[1].phonemes, sound(30) + U".");
}

TEST(Pieces, ALongSentenceBreaksAtItsClausesTheFirstPieceEarly) {
    const auto pieces = plan_pieces({{sound(50), U','}, {sound(50), U','}, {sound(50), U','}, {sound(50), U'.'}});
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_EQ(pieces[0].phonemes, sound(50) + U",");
    EXPECT_EQ(pieces[0].mark, U',');
    EXPECT_EQ(pieces[1].phonemes.size(), 3U * 50 + 3 + 2);
}

TEST(Pieces, AnEndlessClauseIsCutBetweenWords) {
    const auto pieces = plan_pieces({{sound(1000), U'.'}});
    ASSERT_GE(pieces.size(), 4U);
    std::u32string joined;
    for (const Piece& piece : pieces) {
        EXPECT_LE(piece.phonemes.size(), 301U);
        EXPECT_NE(piece.phonemes.back(), U' ');
        joined += (joined.empty() ? U"" : U" ") + piece.phonemes;
    }
    EXPECT_EQ(joined, sound(1000) + U".");
    const auto spaceless = plan_pieces({{std::u32string(700, U'a'), 0}});
    EXPECT_EQ(spaceless.size(), 3U);
}

TEST(Pieces, NothingGivesNothing) { EXPECT_TRUE(plan_pieces({}).empty()); }

}  // namespace
}  // namespace antiphon::engine::piper
