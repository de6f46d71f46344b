#include "app/caller_conversation.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace antiphon::app {
namespace {

using base::milliseconds;

constexpr int kRate = 24000;

AnswerSoundGrows sound(std::string response, std::size_t lead_ms, std::size_t loud_ms) {
    std::vector<float> samples(lead_ms * kRate / 1000, 0.0F);
    for (std::size_t i = 0; i < loud_ms * kRate / 1000; ++i) samples.push_back(i % 2 == 0 ? 0.3F : -0.3F);
    return {std::move(response), std::move(samples)};
}

class CallerConversationTest : public testing::Test {
protected:
    void take(CallerEvent event, int at_ms) { conversation_.take(event, milliseconds(at_ms)); }
    void hear_turn(int from_ms, int to_ms) {
        take(CallerBeginsToSpeak{}, from_ms);
        take(CallerStopsSpeaking{}, to_ms);
    }
    /// The line says something, or nothing.
    void hear_line(int from_ms, int to_ms, bool loud) {
        for (int at = from_ms; at < to_ms; at += 20)
            conversation_.hear(loud ? sound("", 0, 20).samples : std::vector<float>(kRate / 50, 0.0F), milliseconds(at));
    }
    bool answered(int at_ms) const { return conversation_.answered(milliseconds(at_ms)); }

    CallerConversation conversation_{kRate};
};

TEST_F(CallerConversationTest, MeasuresFromTheLastSpeechToTheFirstAudibleSound) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1520);
    take(CallerCaptionDone{"i", " How are you?"}, 1530);
    take(AnswerBegins{"r"}, 1540);
    take(AnswerTextGrows{"r", "Fine, "}, 1550);
    take(AnswerTextGrows{"r", "thanks."}, 1560);
    EXPECT_FALSE(conversation_.sounds());
    take(sound("r", 25, 400), 1600);
    EXPECT_TRUE(conversation_.sounds());
    take(AnswerEnds{"r", "completed", ""}, 1700);
    EXPECT_FALSE(answered(2024)) << "it is still being played";
    EXPECT_TRUE(answered(2025));

    const CallerTurn turn = conversation_.finish();
    EXPECT_EQ(turn.question, "q.wav");
    EXPECT_TRUE(turn.spoken);
    EXPECT_EQ(turn.heard, "How are you?");
    EXPECT_EQ(turn.answer, "Fine, thanks.");
    EXPECT_EQ(turn.cut_ins, 0);
    ASSERT_TRUE(turn.voice_to_voice);
    EXPECT_NEAR(base::seconds(*turn.voice_to_voice), 0.625, 0.001);
}

TEST_F(CallerConversationTest, ALateFirstChunkCountsAsLate) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1500);
    take(sound("r", 0, 100), 2750);
    take(AnswerEnds{"r", "completed", ""}, 2750);
    const CallerTurn turn = conversation_.finish();
    EXPECT_NEAR(base::seconds(*turn.voice_to_voice), 1.75, 0.001);
}

TEST_F(CallerConversationTest, ACutInIsCountedAndNotMeasured) {
    conversation_.begin_spoken("q.wav", milliseconds(3000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r1"}, 1510);
    take(sound("r1", 0, 900), 1520);
    take(CallerBeginsToSpeak{}, 1800);
    take(sound("r1", 0, 500), 1810);  // was on its way when the server stopped
    take(AnswerEnds{"r1", "cancelled", "turn_detected"}, 1820);
    EXPECT_EQ(conversation_.playout().end(), milliseconds(1800));
    take(CallerStopsSpeaking{}, 3500);
    EXPECT_FALSE(answered(3600));
    take(AnswerBegins{"r2"}, 3510);
    take(sound("r2", 0, 100), 3700);
    take(AnswerEnds{"r2", "completed", ""}, 3710);
    EXPECT_TRUE(answered(3800));
    const CallerTurn turn = conversation_.finish();
    EXPECT_EQ(turn.cut_ins, 1);
    EXPECT_NEAR(base::seconds(*turn.voice_to_voice), 0.7, 0.001);
}

TEST_F(CallerConversationTest, OnlyACutInIsNoLatency) {
    conversation_.begin_spoken("q.wav", milliseconds(2000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1510);
    take(sound("r", 0, 900), 1520);
    take(AnswerEnds{"r", "completed", ""}, 2100);
    EXPECT_TRUE(answered(2500));
    const CallerTurn turn = conversation_.finish();
    EXPECT_EQ(turn.cut_ins, 1);
    EXPECT_FALSE(turn.voice_to_voice);
}

TEST_F(CallerConversationTest, IsNotOverWhileTheServerListensOrOwesAnAnswer) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1510);
    take(AnswerEnds{"r", "completed", ""}, 1600);
    EXPECT_TRUE(answered(1600));
    take(CallerBeginsToSpeak{}, 1610);
    EXPECT_FALSE(answered(1620));
    take(CallerStopsSpeaking{}, 1700);
    EXPECT_FALSE(answered(1710));
    take(AnswerBegins{"r2"}, 1720);
    EXPECT_FALSE(answered(1730));
    take(AnswerEnds{"r2", "completed", ""}, 1740);
    EXPECT_TRUE(answered(1750));
}

TEST_F(CallerConversationTest, AFailedAnswerIsNoAnswerAndSaysWhy) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1510);
    take(AnswerEnds{"r", "failed", "out of memory"}, 1600);
    EXPECT_FALSE(answered(60'000));
    EXPECT_EQ(conversation_.trouble(), "the answer was failed (out of memory)");
    EXPECT_EQ(conversation_.last_progress(), milliseconds(1600));
}

TEST_F(CallerConversationTest, WaitsForTheAnswerToATypedText) {
    conversation_.begin_typed("hello", milliseconds(500));
    EXPECT_FALSE(answered(600));
    take(AnswerBegins{"r"}, 610);
    take(AnswerTextGrows{"r", " Hi. "}, 620);
    take(sound("r", 0, 50), 630);
    take(AnswerEnds{"r", "completed", ""}, 640);
    EXPECT_TRUE(answered(680));
    const CallerTurn turn = conversation_.finish();
    EXPECT_FALSE(turn.spoken);
    EXPECT_EQ(turn.answer, "Hi.");
    EXPECT_TRUE(turn.answer_begin);
    EXPECT_FALSE(turn.voice_to_voice);
}

TEST_F(CallerConversationTest, EachTurnIsItsOwn) {
    conversation_.begin_typed("one", milliseconds(0));
    take(AnswerBegins{"r1"}, 10);
    take(AnswerTextGrows{"r1", "First"}, 10);
    take(ServerRemark{R"({"type":"antiphon.x"})"}, 10);
    take(sound("r1", 0, 100), 10);
    take(AnswerEnds{"r1", "completed", ""}, 20);
    EXPECT_EQ(conversation_.finish().remarks.size(), 1U);

    conversation_.begin_spoken("two", milliseconds(2000));
    EXPECT_FALSE(answered(2500));
    hear_turn(1000, 2500);
    take(AnswerBegins{"r2"}, 2510);
    take(AnswerTextGrows{"r2", "Second"}, 2510);
    take(sound("r2", 0, 100), 2600);
    take(AnswerEnds{"r2", "completed", ""}, 2610);
    const CallerTurn turn = conversation_.finish();
    EXPECT_EQ(turn.answer, "Second");
    EXPECT_TRUE(turn.remarks.empty());
    EXPECT_NEAR(base::seconds(*turn.voice_to_voice), 0.6, 0.001);
}

TEST_F(CallerConversationTest, OverALineTheSoundIsWhatWasHeard) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1540);
    take(AnswerTextGrows{"r", "Fine."}, 1550);
    hear_line(0, 1600, false);
    hear_line(1600, 1620, true);  // the sound may come before the event
    take(PlayingBegins{"r"}, 1630);
    EXPECT_TRUE(conversation_.sounds());
    hear_line(1620, 2000, true);
    take(AnswerEnds{"r", "completed", ""}, 1990);
    EXPECT_FALSE(answered(2000)) << "it is still being played";
    take(PlayingEnds{"r"}, 2010);
    hear_line(2000, 2100, false);
    EXPECT_TRUE(answered(2050)) << "the line's silence is not waited for";
    const CallerTurn turn = conversation_.finish();
    ASSERT_TRUE(turn.voice_to_voice);
    EXPECT_NEAR(base::seconds(*turn.voice_to_voice), 0.6, 0.002);
}

TEST_F(CallerConversationTest, WhatTheLineSaidBeforeIsNotTheAnswersBeginning) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_line(0, 500, true);  // a greeting
    hear_line(500, 1600, false);
    hear_turn(600, 1500);
    take(AnswerBegins{"r"}, 1540);
    take(PlayingBegins{"r"}, 1590);
    hear_line(1600, 1800, true);
    take(AnswerEnds{"r", "completed", ""}, 1800);
    take(PlayingEnds{"r"}, 1800);
    EXPECT_NEAR(base::seconds(*conversation_.finish().voice_to_voice), 0.6, 0.002);
}

TEST_F(CallerConversationTest, AfterAChangeOfTheWayTheRestIsWaitedFor) {
    conversation_.begin_spoken("q.wav", milliseconds(1000));
    hear_turn(100, 1500);
    take(AnswerBegins{"r"}, 1540);
    take(PlayingBegins{"r"}, 1590);
    hear_line(1600, 1800, true);
    take(AnswerEnds{"r", "completed", ""}, 1900);
    EXPECT_FALSE(answered(4000)) << "nobody said that it was played";
    conversation_.way_changed(milliseconds(4500));
    EXPECT_EQ(conversation_.last_progress(), milliseconds(4500));
    EXPECT_FALSE(answered(4600)) << "what was missed comes in a moment";
    take(sound("r", 0, 2000), 4700);
    EXPECT_FALSE(answered(6000));
    EXPECT_TRUE(answered(6700));
    EXPECT_NEAR(base::seconds(*conversation_.finish().voice_to_voice), 0.6, 0.002);
}

}  // namespace
}  // namespace antiphon::app
