// The beta dialect, both ways.
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <string>

namespace antiphon::protocol {
namespace {

namespace json = boost::json;

template <typename Request>
Request accepted(const std::string& message, Dialect dialect = Dialect::beta) {
    auto decoded = decode(message, dialect);
    if (const auto* refusal = std::get_if<Refusal>(&decoded)) {
        ADD_FAILURE() << message << "\nwas refused: " << refusal->error.text;
        return {};
    }
    return std::get<Request>(std::get<ClientEvent>(decoded).request);
}

std::string refused_param(const std::string& message, Dialect dialect = Dialect::beta) {
    const auto decoded = decode(message, dialect);
    const auto* refusal = std::get_if<Refusal>(&decoded);
    if (refusal == nullptr) return "accepted";
    return refusal->code + " " + refusal->error.param;
}

std::string update(const std::string& fields) { return R"({"type":"session.update","session":{)" + fields + "}}"; }
std::string response(const std::string& fields) { return R"({"type":"response.create","response":{)" + fields + "}}"; }

TEST(BetaDecode, session_is_flat) {
    // What openai-realtime-api-beta sends by itself, and some more.
    const auto request = accepted<UpdateSession>(update(
        R"("modalities":["text","audio"],"instructions":"Be brief.","voice":"verse","input_audio_format":"pcm16",
           "output_audio_format":"g711_ulaw","input_audio_transcription":{"model":"whisper-1"},
           "turn_detection":{"type":"server_vad","threshold":0.4},"tools":[{"type":"function","name":"f"}],
           "tool_choice":"auto","temperature":0.7,"max_response_output_tokens":4096,
           "input_audio_noise_reduction":{"type":"near_field"},"speed":1.1)"));
    EXPECT_EQ(request.dialect, Dialect::beta);
    const auto& session = request.session;
    EXPECT_EQ(session.speaks, true);
    EXPECT_EQ(session.instructions, "Be brief.");
    EXPECT_EQ(session.voice, "verse");
    EXPECT_EQ(session.input_encoding, audio::Encoding::pcm16);
    EXPECT_EQ(session.output_encoding, audio::Encoding::mulaw);
    EXPECT_EQ((*session.transcription)->model, "whisper-1");
    EXPECT_EQ((*session.turn_detection)->threshold, 0.4);
    EXPECT_EQ(session.tools->front().name, "f");
    EXPECT_EQ(session.temperature, 0.7);
    EXPECT_EQ(session.max_output_tokens, std::optional<int>(4096));
    EXPECT_EQ(session.noise_reduction_json, R"({"type":"near_field"})");
}

TEST(BetaDecode, session_null_and_other_values) {
    const auto session = accepted<UpdateSession>(update(
        R"("modalities":["text"],"turn_detection":null,"input_audio_transcription":null,
           "input_audio_format":"g711_alaw","max_response_output_tokens":"inf")")).session;
    EXPECT_EQ(session.speaks, false);
    EXPECT_TRUE(session.turn_detection && !*session.turn_detection);
    EXPECT_TRUE(session.transcription && !*session.transcription);
    EXPECT_EQ(session.input_encoding, audio::Encoding::alaw);
    EXPECT_TRUE(session.max_output_tokens && !*session.max_output_tokens);
    EXPECT_EQ(accepted<UpdateSession>(update(R"("modalities":["audio","text"])")).session.speaks, true);
}

TEST(BetaDecode, names_its_own_fields_in_refusals) {
    EXPECT_EQ(refused_param(update(R"("modalities":["song"])")), "invalid_value session.modalities");
    EXPECT_EQ(refused_param(update(R"("input_audio_format":"mp3")")), "invalid_value session.input_audio_format");
    EXPECT_EQ(refused_param(update(R"("temperature":"hot")")), "invalid_type session.temperature");
    EXPECT_EQ(refused_param(update(R"("max_response_output_tokens":0)")),
              "invalid_value session.max_response_output_tokens");
    EXPECT_EQ(refused_param(update(R"("type":"realtime")")), "unknown_parameter session.type");
    EXPECT_EQ(refused_param(response(R"("output_modalities":["text"])")), "unknown_parameter response.output_modalities");
    EXPECT_EQ(refused_param(response(R"("output_audio_format":7)")), "invalid_type response.output_audio_format");
}

TEST(BetaDecode, response) {
    const auto request = accepted<CreateResponse>(response(
        R"("modalities":["text"],"instructions":"Sing.","voice":"verse","output_audio_format":"pcm16",
           "temperature":0.8,"max_response_output_tokens":7,"conversation":"none","metadata":{"a":"b"},
           "input":[{"type":"message","role":"assistant","content":[{"type":"text","text":"x"},
           {"type":"audio","transcript":"y"}]}])"));
    EXPECT_EQ(request.speaks, false);
    EXPECT_EQ(request.voice, "verse");
    EXPECT_EQ(request.max_output_tokens, std::optional<int>(7));
    EXPECT_FALSE(request.in_conversation);
    EXPECT_EQ(request.input->front().content[0].kind, ContentKind::output_text);
    EXPECT_EQ(request.input->front().content[1].kind, ContentKind::output_audio);
    EXPECT_EQ(accepted<CreateResponse>(response(R"("max_output_tokens":9)")).max_output_tokens, std::optional<int>(9));
}

TEST(BetaDecode, the_first_session_shows_the_dialect) {
    const auto dialect = [](const std::string& fields) {
        return accepted<UpdateSession>(update(fields), Dialect::open).dialect;
    };
    EXPECT_EQ(dialect(R"("instructions":"x")"), Dialect::beta);
    EXPECT_EQ(dialect(R"("type":"realtime","instructions":"x")"), Dialect::ga);
    EXPECT_EQ(refused_param(update(R"("output_modalities":["text"])"), Dialect::open),
              "missing_required_parameter session.type");
    EXPECT_EQ(refused_param(update(R"("audio":{})"), Dialect::open), "missing_required_parameter session.type");
    EXPECT_EQ(refused_param(update(R"("instructions":"x")"), Dialect::ga), "missing_required_parameter session.type");
    EXPECT_EQ(refused_param(response(R"("modalities":["text"])"), Dialect::open),
              "unknown_parameter response.modalities");
}

json::object beta(const ServerEvent& event) {
    const std::string text = encode(event, "event_1", Dialect::beta);
    EXPECT_EQ(text.find(R"({"type":")"), 0U) << text;
    json::object message = json::parse(text).as_object();
    EXPECT_EQ(message.at("event_id"), "event_1");
    return message;
}

TEST(BetaEncode, session_is_flat) {
    Session session;
    session.id = "sess_1";
    session.model = "m";
    session.voice = "verse";
    session.turn_detection = TurnDetection{};
    session.transcription = Transcription{"whisper-1", ""};
    session.output_encoding = audio::Encoding::alaw;
    session.max_output_tokens = 9;
    const auto message = beta(SessionCreated{session});
    EXPECT_EQ(message.at("type"), "session.created");
    EXPECT_EQ(message.at("session"), json::parse(R"({"id":"sess_1","object":"realtime.session","model":"m",
        "modalities":["text","audio"],"instructions":"","voice":"verse","speed":1.0,"input_audio_format":"pcm16",
        "output_audio_format":"g711_alaw",
        "input_audio_transcription":{"model":"whisper-1","language":null,"prompt":""},
        "input_audio_noise_reduction":null,
        "turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,
                          "create_response":true,"interrupt_response":true},
        "tools":[],"tool_choice":"auto","temperature":0.8,"max_response_output_tokens":9,"tracing":null,
        "antiphon":{"partials":false,"binary_audio":false,"resumable":false,"agent":""}})"));
    session.speaks = false;
    EXPECT_EQ(beta(SessionUpdated{session}).at("session").at("modalities"), json::array{"text"});
}

TEST(BetaEncode, other_names_for_the_events_of_an_answer) {
    const Part part{"resp_1", "item_1"};
    EXPECT_EQ(beta(OutputTextDelta{part, "H"}).at("type"), "response.text.delta");
    EXPECT_EQ(beta(OutputTextDone{part, "H"}).at("type"), "response.text.done");
    EXPECT_EQ(beta(OutputTranscriptDelta{part, "H"}).at("type"), "response.audio_transcript.delta");
    EXPECT_EQ(beta(OutputTranscriptDone{part, "H"}).at("type"), "response.audio_transcript.done");
    const auto sound = beta(OutputAudioDelta{part, {1, 2, 255}});
    EXPECT_EQ(sound.at("type"), "response.audio.delta");
    EXPECT_EQ(sound.at("delta"), "AQL/");
    EXPECT_EQ(beta(OutputAudioDone{part}).at("type"), "response.audio.done");
    EXPECT_EQ(beta(ContentPartAdded{part, true}).at("part"), json::parse(R"({"type":"audio","transcript":""})"));
}

TEST(BetaEncode, items_are_created_and_never_done) {
    const Item item{"item_1", Role::assistant, ItemStatus::completed,
                    {{ContentKind::output_text, "a"}, {ContentKind::output_audio, "b"}}};
    const auto created = beta(ItemAdded{item, "item_0"});
    EXPECT_EQ(created.at("type"), "conversation.item.created");
    EXPECT_EQ(created.at("previous_item_id"), "item_0");
    const auto content = json::parse(R"([{"type":"text","text":"a"},{"type":"audio","transcript":"b"}])");
    EXPECT_EQ(created.at("item").at("content"), content);
    EXPECT_EQ(beta(OutputItemDone{"resp_1", item}).at("item").at("content"), content);
    EXPECT_EQ(beta(ItemRetrieved{item}).at("item").at("content"), content);
    EXPECT_EQ(encode(ItemDone{item, ""}, "event_1", Dialect::beta), "");
    EXPECT_NE(encode(ItemDone{item, ""}, "event_1", Dialect::open), "");
}

TEST(BetaEncode, response_is_flat) {
    Response response;
    response.id = "resp_1";
    response.conversation_id = "conv_1";
    response.voice = "verse";
    response.output = {{"item_1", Role::assistant, ItemStatus::completed, {{ContentKind::output_audio, "b"}}}};
    EXPECT_EQ(beta(ResponseCreated{response}).at("response"), json::parse(R"({"object":"realtime.response","id":"resp_1",
        "conversation_id":"conv_1","status":"in_progress","status_details":null,
        "output":[{"id":"item_1","type":"message","object":"realtime.item","status":"completed","role":"assistant",
                   "content":[{"type":"audio","transcript":"b"}]}],
        "max_output_tokens":"inf","usage":null,"metadata":null,"modalities":["text","audio"],"voice":"verse",
        "output_audio_format":"pcm16","temperature":0.8})"));
}

}  // namespace
}  // namespace antiphon::protocol
