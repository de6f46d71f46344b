#include "protocol/plain_append.hpp"

#include "protocol/decode.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace antiphon::protocol {
namespace {

/// The same event by way of the JSON parser: a field that nobody knows keeps it from the short way.
std::variant<ClientEvent, Refusal> by_parser(std::string_view message) {
    std::string other(message);
    other.insert(other.find('{') + 1, R"("x":0,)");
    EXPECT_FALSE(read_plain_append(other));
    return decode(other);
}

/// Whether the short way takes the message, and reads it as the parser does.
bool taken(std::string_view message) {
    const auto event = read_plain_append(message);
    if (!event) return false;
    const auto other = by_parser(message);
    const auto* expected = std::get_if<ClientEvent>(&other);
    EXPECT_NE(expected, nullptr) << message;
    if (expected == nullptr) return false;
    EXPECT_EQ(event->event_id, expected->event_id) << message;
    EXPECT_EQ(std::get<AppendAudio>(event->request).audio, std::get<AppendAudio>(expected->request).audio) << message;
    return true;
}

TEST(PlainAppend, TakesWhatClientsWrite) {
    EXPECT_TRUE(taken(R"({"type":"input_audio_buffer.append","audio":"AQL/"})"));
    EXPECT_TRUE(taken(R"({"type": "input_audio_buffer.append", "audio": "AQL/AQI="})"));
    EXPECT_TRUE(taken(R"({"audio":"AQ==","type":"input_audio_buffer.append"})"));
    EXPECT_TRUE(taken(R"({"event_id":"evt_1","type":"input_audio_buffer.append","audio":""})"));
    EXPECT_TRUE(taken("\n{\t\"type\" : \"input_audio_buffer.append\"\r\n, \"audio\" :\"AQL/\", \"event_id\":\"\"} "));
}

TEST(PlainAppend, LeavesTheRestToTheParser) {
    for (const std::string_view message :
         {R"({"type":"input_audio_buffer.commit","audio":"AQL/"})", R"({"type":"input_audio_buffer.append"})",
          R"({"audio":"AQL/"})", R"({"type":"input_audio_buffer.append","audio":null})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/","event_id":null})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/","event_id":"a\u0062"})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/","event_id":"é"})",
          R"({"type":"input_audio_buffer.append","audio":"AQL\/"})", R"({"type":"input_audio_buffer.append","audio":"AQL"})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/","audio":"AQL/"})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/","more":"x"})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/",})", R"({"type":"input_audio_buffer.append","audio":"AQL/"}})",
          R"({"type":"input_audio_buffer.append","audio":"AQL/"} x)", R"({"type":"input_audio_buffer.append","audio":"AQL/")",
          R"({"type":"input_audio_buffer.append" "audio":"AQL/"})", R"({"type""input_audio_buffer.append","audio":"AQL/"})",
          R"({,"type":"input_audio_buffer.append","audio":"AQL/"})", "{}", "{", "", " ", "[]", "\"", "{\"", "{\"type"})
        EXPECT_FALSE(read_plain_append(message)) << message;
    EXPECT_FALSE(read_plain_append(R"({"type":"input_audio_buffer.append","audio":"AQL/","event_id":")" +
                                   std::string(513, 'a') + "\"}"));
    EXPECT_FALSE(read_plain_append(std::string(2000, ' ') + R"({"type":"input_audio_buffer.append","audio":"AQL/"})"));
}

TEST(PlainAppend, WhatItTakesTheParserReadsTheSame) {
    std::mt19937 random(3);
    const std::string whole = R"({"type":"input_audio_buffer.append","event_id":"e1","audio":"AQL/AQI="})";
    constexpr std::string_view kPieces = "{}\":,\\ \nA=/e\x01\xC3";
    std::size_t took = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string message = whole;
        for (auto changes = random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % message.size();
            const char piece = kPieces[random() % kPieces.size()];
            switch (random() % 3) {
                case 0: message[at] = piece; break;
                case 1: message.insert(at, 1, piece); break;
                default: message.erase(at, 1); break;
            }
        }
        if (taken(message)) ++took;
    }
    EXPECT_GT(took, 5000U);
}

}  // namespace
}  // namespace antiphon::protocol
