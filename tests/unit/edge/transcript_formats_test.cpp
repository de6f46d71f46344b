#include "edge/transcript_formats.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;

listen::RecordingWords two_segments() {
    listen::RecordingWords words;
    words.text = "Hello there. Good bye.";
    words.language = "en";
    words.duration = milliseconds(3'725'500);
    words.segments = {{milliseconds(1'234), milliseconds(2'000), "Hello there.", 0.5F, 0.75F},
                      {milliseconds(3'723'004), milliseconds(3'725'000), "Good bye.", 1.0F, 1.0F}};
    return words;
}

TEST(TranscriptFormats, SubRip) {
    EXPECT_EQ(transcript_reply(two_segments(), TranscriptFormat::srt, 0).body,
              "1\n00:00:01,234 --> 00:00:02,000\nHello there.\n\n2\n01:02:03,004 --> 01:02:05,000\nGood bye.\n\n");
}

TEST(TranscriptFormats, WebVtt) {
    const auto reply = transcript_reply(two_segments(), TranscriptFormat::vtt, 0);
    EXPECT_EQ(reply.content_type, "text/vtt; charset=utf-8");
    EXPECT_EQ(reply.body,
              "WEBVTT\n\n00:00:01.234 --> 00:00:02.000\nHello there.\n\n01:02:03.004 --> 01:02:05.000\nGood bye.\n\n");
}

TEST(TranscriptFormats, TextAndJson) {
    EXPECT_EQ(transcript_reply(two_segments(), TranscriptFormat::text, 0).body, "Hello there. Good bye.\n");
    EXPECT_EQ(boost::json::parse(transcript_reply(two_segments(), TranscriptFormat::json, 0).body),
              boost::json::parse(R"({"text":"Hello there. Good bye.","usage":{"type":"duration","seconds":3726}})"));
}

TEST(TranscriptFormats, VerboseJson) {
    const auto body = boost::json::parse(transcript_reply(two_segments(), TranscriptFormat::verbose_json, 0.25F).body);
    EXPECT_EQ(body.at("language"), "en");
    EXPECT_DOUBLE_EQ(body.at("duration").as_double(), 3725.5);
    const auto& segment = body.at("segments").at(0);
    EXPECT_DOUBLE_EQ(segment.at("start").as_double(), 1.234);
    EXPECT_EQ(segment.at("text"), "Hello there.");
    EXPECT_NEAR(segment.at("avg_logprob").as_double(), std::log(0.5), 1e-6);
    EXPECT_NEAR(segment.at("no_speech_prob").as_double(), 0.25, 1e-6);
    EXPECT_NEAR(segment.at("temperature").as_double(), 0.25, 1e-6);
    EXPECT_GT(segment.at("compression_ratio").as_double(), 0.0);
    EXPECT_EQ(body.at("segments").at(1).at("id"), 1);
}

TEST(TranscriptFormats, NobodySpoke) {
    EXPECT_EQ(transcript_reply({}, TranscriptFormat::vtt, 0).body, "WEBVTT\n\n");
    EXPECT_EQ(transcript_reply({}, TranscriptFormat::srt, 0).body, "");
    EXPECT_EQ(boost::json::parse(transcript_reply({}, TranscriptFormat::verbose_json, 0).body).at("segments"), boost::json::array());
}

TEST(TranscriptFormats, Names) {
    EXPECT_EQ(transcript_format("verbose_json"), TranscriptFormat::verbose_json);
    EXPECT_FALSE(transcript_format("JSON"));
    EXPECT_FALSE(transcript_format(""));
}

}  // namespace
}  // namespace antiphon::edge
