#include "speak/playout_ledger.hpp"

#include <gtest/gtest.h>

namespace antiphon::speak {
namespace {

class PlayoutLedgerTest : public ::testing::Test {
protected:
    void piece(const std::string& text, std::int64_t samples) {
        const auto number = ledger.add_piece(text);
        if (samples > 0) ledger.add_sound(number, samples);
        ledger.finish_piece(number);
    }
    PlayoutLedger ledger;
};

TEST_F(PlayoutLedgerTest, CutsAtTheHeardWord) {
    piece("It is sunny today. ", 19000);
    piece("Tomorrow it will rain.", 22000);
    EXPECT_EQ(ledger.heard(0), "");
    EXPECT_EQ(ledger.heard(5500), "It is");
    EXPECT_EQ(ledger.heard(4000), "It");
    EXPECT_EQ(ledger.heard(19000), "It is sunny today.");
    EXPECT_EQ(ledger.heard(19000 + 12000), "It is sunny today. Tomorrow it");
    EXPECT_EQ(ledger.heard(41000), "It is sunny today. Tomorrow it will rain.");
    EXPECT_EQ(ledger.heard(99000), "It is sunny today. Tomorrow it will rain.");
    EXPECT_EQ(ledger.text(), "It is sunny today. Tomorrow it will rain.");
    EXPECT_EQ(ledger.total(), 41000);
}

TEST_F(PlayoutLedgerTest, WhatWasNeverSpokenWasNotHeard) {
    piece("One. ", 5000);
    ledger.add_piece("Two.");
    EXPECT_EQ(ledger.heard(5000), "One.");
    EXPECT_EQ(ledger.heard(9000), "One.");
}

TEST_F(PlayoutLedgerTest, APieceInTheMakingIsCutOnTheCarefulSide) {
    const auto number = ledger.add_piece("one two three four ");
    ledger.add_sound(number, 9500);
    EXPECT_EQ(ledger.heard(9500), "one two");
}

TEST_F(PlayoutLedgerTest, NeverCutsInsideACharacter) {
    piece("\u00e4\u00f6\u00fc \u4f60\u597d\u4e16\u754c", 1000);
    for (std::int64_t played = 0; played <= 1000; played += 10) {
        const auto heard = ledger.heard(played);
        EXPECT_TRUE(heard.empty() || heard == "\u00e4\u00f6\u00fc" || heard == ledger.text()) << played << ": " << heard;
    }
}

TEST_F(PlayoutLedgerTest, TellsEachPieceOnceWhenItsSoundBegins) {
    piece("One. ", 1000);
    const auto second = ledger.add_piece("Two. ");
    EXPECT_EQ(ledger.next_begun(0)->text, "One. ");
    EXPECT_FALSE(ledger.next_begun(0));
    EXPECT_FALSE(ledger.next_begun(1000)) << "no sound of it yet";
    ledger.add_sound(second, 500);
    EXPECT_FALSE(ledger.next_begun(999));
    EXPECT_EQ(ledger.next_begun(1000)->text, "Two. ");
    EXPECT_FALSE(ledger.next_begun(99999));
}

TEST_F(PlayoutLedgerTest, APieceWithoutSoundIsToldWhenItIsReached) {
    piece("One. ", 1000);
    piece("\U0001F600 ", 0);
    piece("Two.", 1000);
    EXPECT_TRUE(ledger.next_begun(0));
    EXPECT_FALSE(ledger.next_begun(500));
    EXPECT_TRUE(ledger.next_begun(1000));
    EXPECT_EQ(ledger.next_begun(1000)->text, "Two.");
}

TEST_F(PlayoutLedgerTest, WordsLieInTheirPieceByTheirLetters) {
    piece("It is sunny. ", 10000);
    piece("No.", 600);
    using Words = std::vector<TimedWord>;
    EXPECT_EQ(ledger.next_begun(0)->words, (Words{{"It ", 0, 2000}, {"is ", 2000, 4000}, {"sunny. ", 4000, 10000}}));
    EXPECT_EQ(ledger.next_begun(10000)->words, (Words{{"No.", 10000, 10600}}));
}

TEST_F(PlayoutLedgerTest, WordsOfAPieceInTheMakingLieWhereTheVoiceIsExpected) {
    PlayoutLedger guessing(100.0);
    const auto first = guessing.add_piece("One two ");
    guessing.add_sound(first, 50);
    EXPECT_EQ(guessing.next_begun(0)->words.back(), (TimedWord{"two ", 300, 600}));
    guessing.add_sound(first, 1150);
    guessing.finish_piece(first);
    const auto second = guessing.add_piece("six ten");
    guessing.add_sound(second, 10);
    EXPECT_EQ(guessing.next_begun(1200)->words.back(), (TimedWord{"ten", 1800, 2400})) << "200 samples a letter were seen";
}

TEST_F(PlayoutLedgerTest, WordsNeverGoBackWhenThePieceBecameShorterThanExpected) {
    PlayoutLedger guessing(100.0);
    const auto first = guessing.add_piece("One two ");
    guessing.add_sound(first, 500);
    EXPECT_EQ(guessing.next_begun(0)->words.back().to, 600);
    guessing.finish_piece(first);
    const auto second = guessing.add_piece("six ten");
    guessing.add_sound(second, 600);
    guessing.finish_piece(second);
    EXPECT_EQ(guessing.next_begun(500)->words, (std::vector<TimedWord>{{"six ", 600, 800}, {"ten", 800, 1100}}));
}

TEST_F(PlayoutLedgerTest, WordsJoinedAreTheText) {
    for (const std::string text : {"  Hello,  big\nworld ", "\u4f60\u597d\u3002 Hi", " \n", "\U0001F600"}) {
        PlayoutLedger one;
        const auto number = one.add_piece(text);
        one.add_sound(number, 100);
        std::string joined;
        const auto begun = one.next_begun(0);
        ASSERT_TRUE(begun);
        for (const auto& word : begun->words) joined += word.text;
        EXPECT_EQ(joined, text);
    }
}

TEST_F(PlayoutLedgerTest, ScriptsWithoutSpacesGoLetterByLetter) {
    piece("\u4f60\u597d\u3002", 300);
    EXPECT_EQ(ledger.next_begun(0)->words.size(), 2U) << "the full stop belongs to the letter before it";
}

}  // namespace
}  // namespace antiphon::speak
