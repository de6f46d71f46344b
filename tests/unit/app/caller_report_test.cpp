#include "app/caller_report.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace antiphon::app {
namespace {

CallerTurn spoken_turn() {
    CallerTurn turn;
    turn.question = "q.wav";
    turn.spoken = true;
    turn.heard = "Who?";
    turn.answer = "Say \"you\"";
    turn.speech_end = base::milliseconds(1000);
    turn.answer_begin = base::milliseconds(1612);
    turn.voice_to_voice = std::chrono::microseconds(611'600);
    turn.remarks = {R"({"type":"antiphon.turn.measured"})"};
    return turn;
}

TEST(CallerReport, TellsPeople) {
    CallerTurn turn = spoken_turn();
    EXPECT_EQ(latency_line(turn), "voice to voice: 612 ms");
    turn.cut_ins = 1;
    EXPECT_EQ(latency_line(turn), "voice to voice: 612 ms (answered 1 time(s) before the question was over)");
    turn.voice_to_voice.reset();
    EXPECT_EQ(latency_line(turn), "voice to voice: not measured (answered 1 time(s) before the question was over)");
    turn.cut_ins = 0;
    EXPECT_EQ(latency_line(turn), "voice to voice: the answer had no audible sound");
}

TEST(CallerReport, TellsPrograms) {
    const std::string text = turn_as_json(spoken_turn(), 3, base::milliseconds(2));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const boost::json::value line = boost::json::parse(text);
    EXPECT_EQ(line.at("turn"), 3);
    EXPECT_EQ(line.at("kind"), "spoken");
    EXPECT_EQ(line.at("heard"), "Who?");
    EXPECT_EQ(line.at("answer"), "Say \"you\"");
    EXPECT_EQ(line.at("voice_to_voice_ms"), 612);
    EXPECT_EQ(line.at("answer_begin_ms"), 1612);
    EXPECT_EQ(line.at("send_lateness_ms"), 2);
    EXPECT_EQ(line.at("server").at(0).at("type"), "antiphon.turn.measured");
}

TEST(CallerReport, WhatWasNotMeasuredIsNull) {
    CallerTurn turn;
    turn.question = "hello";
    const boost::json::value line = boost::json::parse(turn_as_json(turn, 1, {}));
    EXPECT_EQ(line.at("kind"), "typed");
    EXPECT_TRUE(line.at("voice_to_voice_ms").is_null());
}

}  // namespace
}  // namespace antiphon::app
