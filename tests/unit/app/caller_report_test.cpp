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

CallerWayReport over_webrtc() {
    CallerWayReport way;
    way.webrtc = true;
    way.remote_address = "192.0.2.1:10000";
    way.line.received = 1502;
    way.line.lost = 3;
    way.line.recovered = 2;
    way.line.concealed = 1;
    way.line.sent = 1733;
    return way;
}

CallerWayReport over_websocket() {
    CallerWayReport way;
    way.websocket = true;
    return way;
}

TEST(CallerReport, TellsWhichWayTheCallWent) {
    CallerWayReport way = over_webrtc();
    EXPECT_EQ(way_line(way),
              "way: WebRTC to 192.0.2.1:10000; received 1502 packets, 3 lost (2 recovered), 1 concealed; "
              "sent 1733, 0 lost");
    way.websocket = true;
    way.falls = 1;
    way.returns = 2;
    way.remote_address.clear();
    EXPECT_EQ(way_line(way),
              "way: WebRTC, then the WebSocket; received 1502 packets, 3 lost (2 recovered), 1 concealed; "
              "sent 1733, 0 lost; fell back to the WebSocket; reconnected 2 time(s)");
    EXPECT_EQ(way_line(over_websocket()), "way: the WebSocket");
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
    const std::string text = turn_as_json(spoken_turn(), 3, base::milliseconds(2), over_webrtc());
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const boost::json::value line = boost::json::parse(text);
    EXPECT_EQ(line.at("turn"), 3);
    EXPECT_EQ(line.at("kind"), "spoken");
    EXPECT_EQ(line.at("heard"), "Who?");
    EXPECT_EQ(line.at("answer"), "Say \"you\"");
    EXPECT_EQ(line.at("voice_to_voice_ms"), 612);
    EXPECT_EQ(line.at("answer_begin_ms"), 1612);
    EXPECT_EQ(line.at("send_lateness_ms"), 2);
    EXPECT_EQ(line.at("way"), "webrtc");
    EXPECT_EQ(line.at("falls"), 0);
    EXPECT_EQ(line.at("packets").at("lost"), 3);
    EXPECT_EQ(line.at("packets").at("sent"), 1733);
    EXPECT_EQ(line.at("server").at(0).at("type"), "antiphon.turn.measured");
}

TEST(CallerReport, WhatWasNotMeasuredIsNull) {
    CallerTurn turn;
    turn.question = "hello";
    const boost::json::value line = boost::json::parse(turn_as_json(turn, 1, {}, over_websocket()));
    EXPECT_EQ(line.at("kind"), "typed");
    EXPECT_TRUE(line.at("voice_to_voice_ms").is_null());
    EXPECT_EQ(line.at("way"), "websocket");
    EXPECT_TRUE(line.at("packets").is_null());
}

}  // namespace
}  // namespace antiphon::app
