#include "engine/piper/pieces.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::engine::piper {
namespace {

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
