#include "edge/handshake.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

const Target kPlain{"/v1/realtime", {{"model", "gpt-realtime"}}};

TEST(Handshake, nothing_offered_nothing_answered) {
    const auto handshake = read_handshake("", "", kPlain);
    EXPECT_EQ(handshake.subprotocol, "");
    EXPECT_EQ(handshake.wire.dialect, protocol::Dialect::open);
    EXPECT_FALSE(handshake.wire.transcription);
    EXPECT_FALSE(handshake.wire.plays_sound);
}

TEST(Handshake, browsers_get_the_one_that_is_no_secret) {
    const auto browser = read_handshake("realtime, openai-insecure-api-key.sk-1 ,openai-agents-sdk.0.20.0", "", kPlain);
    EXPECT_EQ(browser.subprotocol, "realtime");
    EXPECT_EQ(browser.wire.dialect, protocol::Dialect::open);
    EXPECT_EQ(read_handshake("openai-insecure-api-key.sk-1,realtime", "", kPlain).subprotocol, "realtime");
    EXPECT_EQ(read_handshake("openai-insecure-api-key.sk-1", "", kPlain).subprotocol, "");
    EXPECT_EQ(read_handshake("openai-agents-sdk.0.20.0", "", kPlain).subprotocol, "openai-agents-sdk.0.20.0");
    EXPECT_EQ(read_handshake("realtimes, ,,", "", kPlain).subprotocol, "");
}

TEST(Handshake, each_marker_of_the_beta) {
    const auto is_beta = [](const Handshake& handshake) { return handshake.wire.dialect == protocol::Dialect::beta; };
    EXPECT_TRUE(is_beta(read_handshake("", "realtime=v1", kPlain)));
    EXPECT_TRUE(is_beta(read_handshake("", "assistants=v2, realtime=v1", kPlain)));
    EXPECT_FALSE(is_beta(read_handshake("", "assistants=v2", kPlain)));
    EXPECT_FALSE(is_beta(read_handshake("", "realtime=v2", kPlain)));
    const auto browser = read_handshake("realtime,openai-insecure-api-key.x,openai-beta.realtime-v1", "", kPlain);
    EXPECT_TRUE(is_beta(browser));
    EXPECT_EQ(browser.subprotocol, "realtime");
    EXPECT_EQ(read_handshake("openai-beta.realtime-v1", "", kPlain).subprotocol, "openai-beta.realtime-v1");
    EXPECT_TRUE(is_beta(read_handshake("", "", {"/v1/realtime", {{"api-key", "x"}}})));
}

TEST(Handshake, transcription_sessions) {
    EXPECT_TRUE(read_handshake("", "", {"/v1/realtime", {{"intent", "transcription"}}}).wire.transcription);
    EXPECT_FALSE(read_handshake("", "", {"/v1/realtime", {{"intent", "conversation"}}}).wire.transcription);
}

}  // namespace
}  // namespace antiphon::edge
