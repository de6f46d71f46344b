#include "app/caller_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace antiphon::app {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

template <typename Event>
Event read_as(std::string_view message) {
    const auto event = read_server_event(message);
    EXPECT_TRUE(event) << message;
    if (!event || !std::holds_alternative<Event>(*event)) {
        ADD_FAILURE() << "another kind of event: " << message;
        return {};
    }
    return std::get<Event>(*event);
}

TEST(CallerEvent, ReadsTheSession) {
    read_as<SessionIsCreated>(R"({"type":"session.created","session":{}})");
    read_as<SessionIsUpdated>(R"({"type":"session.updated","session":{}})");
    EXPECT_EQ(read_as<ServerRefuses>(R"({"type":"error","error":{"message":"no such item"}})").message, "no such item");
}

TEST(CallerEvent, ReadsTheCallersSide) {
    read_as<CallerBeginsToSpeak>(R"({"type":"input_audio_buffer.speech_started","item_id":"i"})");
    read_as<CallerStopsSpeaking>(R"({"type":"input_audio_buffer.speech_stopped","item_id":"i"})");
    const auto part = read_as<CallerCaptionGrows>(
        R"({"type":"conversation.item.input_audio_transcription.delta","item_id":"i","delta":"What"})");
    EXPECT_EQ(part.item_id, "i");
    EXPECT_EQ(part.text, "What");
    EXPECT_EQ(
        read_as<CallerCaptionDone>(
            R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"i","transcript":"What?"})")
            .text,
        "What?");
    EXPECT_EQ(
        read_as<CallerNotUnderstood>(
            R"({"type":"conversation.item.input_audio_transcription.failed","item_id":"i","error":{"message":"m"}})")
            .message,
        "m");
}

TEST(CallerEvent, ReadsTheAnswer) {
    EXPECT_EQ(read_as<AnswerBegins>(R"({"type":"response.created","response":{"id":"r"}})").response_id, "r");
    EXPECT_EQ(
        read_as<AnswerTextGrows>(R"({"type":"response.output_audio_transcript.delta","response_id":"r","delta":"Hi"})")
            .text,
        "Hi");
    EXPECT_EQ(read_as<AnswerTextGrows>(R"({"type":"response.output_text.delta","response_id":"r","delta":"Ho"})").text,
              "Ho");
    // 0x4000, 0xC000: a half up, a half down.
    const auto sound =
        read_as<AnswerSoundGrows>(R"({"type":"response.output_audio.delta","response_id":"r","delta":"AEAAwA=="})");
    ASSERT_EQ(sound.samples.size(), 2U);
    EXPECT_FLOAT_EQ(sound.samples[0], 0.5F);
    EXPECT_FLOAT_EQ(sound.samples[1], -0.5F);
}

TEST(CallerEvent, ReadsHowAnAnswerEnds) {
    const auto well = read_as<AnswerEnds>(
        R"({"type":"response.done","response":{"id":"r","status":"completed","status_details":null}})");
    EXPECT_EQ(well.status, "completed");
    EXPECT_EQ(well.reason, "");
    const auto cut = read_as<AnswerEnds>(
        R"({"type":"response.done","response":{"id":"r","status":"cancelled","status_details":{"reason":"turn_detected"}}})");
    EXPECT_EQ(cut.reason, "turn_detected");
    const auto ill = read_as<AnswerEnds>(
        R"({"type":"response.done","response":{"id":"r","status":"failed","status_details":{"type":"failed","error":{"message":"out of memory"}}}})");
    EXPECT_EQ(ill.reason, "out of memory");
}

TEST(CallerEvent, KeepsTheServersOwnEventsAndPassesOverUnknownOnes) {
    EXPECT_THAT(read_as<ServerRemark>(R"({"type":"antiphon.turn.measured","first_audio":0.6})").json,
                HasSubstr("first_audio"));
    read_as<SomethingElse>(R"({"type":"rate_limits.updated"})");
    read_as<SomethingElse>(R"({"type":"an.event.of.next.year"})");
}

TEST(CallerEvent, RefusesWhatIsNoEvent) {
    const std::string deep(5000, '[');
    for (const std::string& message :
         {std::string(), std::string("hello"), std::string("[]"), std::string("{}"), std::string(R"({"type":5})"),
          std::string(R"({"type":"session.created")"), deep}) {
        const auto event = read_server_event(message);
        ASSERT_FALSE(event) << message.substr(0, 40);
        EXPECT_EQ(event.error().code, base::Errc::invalid);
    }
}

TEST(CallerEvent, NamesTheFieldThatIsMissing) {
    for (const char* message : {R"({"type":"response.created"})", R"({"type":"response.created","response":5})",
                                R"({"type":"response.done","response":{"status":"completed"}})"}) {
        const auto event = read_server_event(message);
        ASSERT_FALSE(event) << message;
        EXPECT_EQ(event.error().param, "id") << message;
    }
    EXPECT_FALSE(read_server_event(R"({"type":"response.output_audio.delta","response_id":"r","delta":7})"));
    EXPECT_FALSE(read_server_event(R"({"type":"response.output_audio.delta","response_id":"r","delta":"!!!!"})"));
    EXPECT_FALSE(read_server_event(R"({"type":"response.output_audio.delta","response_id":"r","delta":"AAAA"})"))
        << "3 bytes";
}

TEST(CallerEvent, FindsTheSentenceOfARefusal) {
    EXPECT_EQ(refusal_text(R"({"error":{"message":"the models are still loading"}})"), "the models are still loading");
    EXPECT_EQ(refusal_text(R"({"message":"full"})"), "full");
    EXPECT_EQ(refusal_text(R"({"error":"busy"})"), "busy");
    EXPECT_EQ(refusal_text("  Service Unavailable\r\n"), "Service Unavailable");
    EXPECT_EQ(refusal_text(""), "");
    EXPECT_EQ(refusal_text(std::string(5000, 'x')).size(), 300U);
    EXPECT_EQ(refusal_text(std::string(299, 'x') + "\xC3\xA4"), std::string(299, 'x')) << "no half characters";
}

TEST(CallerEvent, WritesTheSession) {
    const json::value plain = json::parse(write_session_update(std::nullopt));
    EXPECT_EQ(plain.at("type"), "session.update");
    const json::value& session = plain.at("session");
    EXPECT_EQ(session.at("type"), "realtime");
    EXPECT_EQ(session.at("output_modalities"), (json::array{json::value("audio")}));
    const json::object format{{"type", "audio/pcm"}, {"rate", 24000}};
    EXPECT_EQ(session.at("audio").at("input").at("format"), format);
    EXPECT_EQ(session.at("audio").at("output").at("format"), format);
    EXPECT_TRUE(session.at("audio").at("input").at("transcription").is_object());
    const json::object& detection = session.at("audio").at("input").at("turn_detection").as_object();
    EXPECT_EQ(detection.at("type"), "server_vad");
    EXPECT_FALSE(detection.contains("silence_duration_ms")) << "the server's own setting stays";

    const json::value slow = json::parse(write_session_update(base::milliseconds(2000)));
    EXPECT_EQ(slow.at("session").at("audio").at("input").at("turn_detection").at("silence_duration_ms"), 2000);
}

TEST(CallerEvent, WritesSoundAndText) {
    const std::vector<float> samples{0.0F, 1.0F, -1.0F};
    const json::value append = json::parse(write_audio_append(samples));
    EXPECT_EQ(append.at("type"), "input_audio_buffer.append");
    EXPECT_EQ(append.at("audio"), "AAD/fwCA");

    const json::value typed = json::parse(write_typed_message("say \"h\xC3\xA9\"\n"));
    EXPECT_EQ(typed.at("type"), "conversation.item.create");
    EXPECT_EQ(typed.at("item").at("role"), "user");
    EXPECT_EQ(typed.at("item").at("content").at(0).at("type"), "input_text");
    EXPECT_EQ(typed.at("item").at("content").at(0).at("text"), "say \"h\xC3\xA9\"\n");
    EXPECT_EQ(json::parse(write_response_create()).at("type"), "response.create");
}

TEST(CallerEvent, ReadsHowTheCallIsKept) {
    const auto kept = read_server_event(R"({"type":"antiphon.session","event_id":"e","call_id":"rtc_1",
        "resume_token":"t","resume_within_ms":25000,"resumed":true,"complete":true,"input_audio_ms":1240,
        "last_client_event_id":"caller_2"})");
    ASSERT_TRUE(kept);
    const auto& session = std::get<SessionIsKept>(*kept);
    EXPECT_EQ(session.call_id, "rtc_1");
    EXPECT_EQ(session.within, base::milliseconds(25000));
    EXPECT_TRUE(session.resumed);
    EXPECT_EQ(session.input_audio, base::milliseconds(1240));
    EXPECT_EQ(session.last_event_taken, "caller_2");
    const auto lives = read_server_event(R"({"type":"antiphon.heard","input_audio_ms":2000})");
    EXPECT_EQ(std::get<ServerLives>(*lives).input_audio, base::milliseconds(2000));
}

TEST(CallerEvent, ReadsWhatTheLinePlays) {
    const auto begins = read_server_event(R"({"type":"output_audio_buffer.started","response_id":"r"})");
    EXPECT_EQ(std::get<PlayingBegins>(*begins).response_id, "r");
    for (const char* type : {"stopped", "cleared"}) {
        const auto ends =
            read_server_event(std::string(R"({"type":"output_audio_buffer.)") + type + R"(","response_id":"r"})");
        EXPECT_EQ(std::get<PlayingEnds>(*ends).response_id, "r");
    }
}

TEST(CallerEvent, AnEventGetsItsId) {
    const auto event = boost::json::parse(with_event_id(write_response_create(), "caller_\"7"));
    EXPECT_EQ(event.at("event_id"), "caller_\"7");
    EXPECT_EQ(event.at("type"), "response.create");
}

TEST(CallerEvent, WritesTheFormOfACall) {
    const CallForm form = write_call_form("v=0\r\n", base::milliseconds(400));
    EXPECT_EQ(form.content_type, "multipart/form-data; boundary=antiphon-call-form");
    const std::string head = "--antiphon-call-form\r\nContent-Disposition: form-data; name=\"sdp\"\r\n"
                             "Content-Type: application/sdp\r\n\r\nv=0\r\n\r\n--antiphon-call-form\r\n";
    ASSERT_TRUE(form.body.starts_with(head)) << form.body;
    const auto begin = form.body.find('{');
    const auto end = form.body.rfind('}');
    const auto session = boost::json::parse(form.body.substr(begin, end + 1 - begin));
    EXPECT_EQ(session.at("type"), "realtime");
    EXPECT_EQ(session.at("antiphon").at("resumable"), true);
    EXPECT_EQ(session.at("audio").at("input").at("turn_detection").at("silence_duration_ms"), 400);
    EXPECT_TRUE(form.body.ends_with("\r\n--antiphon-call-form--\r\n"));
}

}  // namespace
}  // namespace antiphon::app
