#include "protocol/encode.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <string>

namespace antiphon::protocol {
namespace {

namespace json = boost::json;

/// The event as it is written, against the whole of what is expected but for event_id.
void expect_encoded(const ServerEvent& event, const std::string& expected) {
    const std::string text = encode(event, "event_1");
    EXPECT_EQ(text.find(R"({"type":")"), 0U) << text;
    json::object message = json::parse(text).as_object();
    EXPECT_EQ(message.at("event_id"), "event_1");
    message.erase("event_id");
    EXPECT_EQ(json::value(message), json::parse(expected)) << text;
}

const Part kPart{"resp_1", "item_2"};
const std::string kPlace = R"("response_id":"resp_1","item_id":"item_2","output_index":0,"content_index":0)";

const Item kUser{"item_1", Role::user, ItemStatus::completed, {{ContentKind::input_audio, std::nullopt}}};
const std::string kUserJson =
    R"({"id":"item_1","type":"message","object":"realtime.item","status":"completed","role":"user",
        "content":[{"type":"input_audio","transcript":null}]})";

TEST(Encode, session_whole) {
    Session session;
    session.id = "sess_1";
    session.model = "m";
    session.instructions = "Be brief.";
    session.transcription = Transcription{"whisper-1", ""};
    session.turn_detection = TurnDetection{};
    session.voice = "marin";
    expect_encoded(SessionCreated{session}, R"({"type":"session.created","session":{
        "type":"realtime","object":"realtime.session","id":"sess_1","model":"m","output_modalities":["audio"],
        "instructions":"Be brief.","tools":[],"tool_choice":"auto","parallel_tool_calls":true,
        "max_output_tokens":"inf","tracing":null,
        "truncation":"auto","prompt":null,"include":null,
        "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},
                          "transcription":{"model":"whisper-1","language":null,"prompt":""},
                          "noise_reduction":null,
                          "turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,
                                            "silence_duration_ms":500,"idle_timeout_ms":null,
                                            "create_response":true,"interrupt_response":true}},
                 "output":{"format":{"type":"audio/pcm","rate":24000},"voice":"marin","speed":1.0}},
        "antiphon":{"partials":false,"binary_audio":false,"resumable":false,"agent":""}}})");

    session.speaks = false;
    session.turn_detection.reset();
    session.transcription.reset();
    session.max_output_tokens = 99;
    const auto updated = json::parse(encode(SessionUpdated{session}, "e")).at("session");
    EXPECT_EQ(updated.at("output_modalities"), json::array{"text"});
    EXPECT_EQ(updated.at("max_output_tokens"), 99);
    EXPECT_TRUE(updated.at("audio").at("input").at("turn_detection").is_null());
    EXPECT_TRUE(updated.at("audio").at("input").at("transcription").is_null());
}

TEST(Encode, a_transcription_always_names_a_model) {
    Session session;
    session.transcription = Transcription{};
    const auto ga = json::parse(encode(SessionCreated{session}, "e")).at("session");
    EXPECT_EQ(ga.at("audio").at("input").at("transcription").at("model"), "whisper-1");
    const auto beta = json::parse(encode(SessionCreated{session}, "e", Dialect::beta)).at("session");
    EXPECT_EQ(beta.at("input_audio_transcription").at("model"), "whisper-1");
    session.transcription->model = "mine";
    const auto named = json::parse(encode(SessionCreated{session}, "e")).at("session");
    EXPECT_EQ(named.at("audio").at("input").at("transcription").at("model"), "mine");
}

TEST(Encode, a_transcription_names_its_part_of_the_item) {
    EXPECT_EQ(json::parse(encode(TranscriptionDelta{"i", "a", 1}, "e")).at("content_index"), 1);
    EXPECT_EQ(json::parse(encode(TranscriptionCompleted{"i", "a", "", 1.0, 2}, "e")).at("content_index"), 2);
    EXPECT_EQ(json::parse(encode(TranscriptionFailed{"i", "c", "m", 3}, "e")).at("content_index"), 3);
}

TEST(Encode, session_with_everything_set) {
    Session session;
    session.agent = "clerk";
    session.tools = {{"tell_time", "The time.", R"({"type":"object"})"}, {"b", "", ""}};
    session.tool_choice = {ToolChoice::Use::required, "b"};
    session.parallel_tool_calls = false;
    session.truncation = {Truncation::Mode::retention, 0.5};
    session.input_encoding = audio::Encoding::mulaw;
    session.output_encoding = audio::Encoding::alaw;
    session.transcription = Transcription{"whisper-1", "sv"};
    session.turn_detection = TurnDetection{};
    session.turn_detection->idle_timeout_ms = 6000;
    session.partials = true;
    session.wire = {R"({"type":"near_field"})", R"("auto")", "[]", R"({"effort":"low"})", 8000, "Birds.",
                    {"wren"}, {"sv", "en"}, "low", 0.8, true};
    const auto shown = json::parse(encode(SessionUpdated{session}, "e")).at("session");
    EXPECT_EQ(shown.at("tools"), json::parse(R"([{"type":"function","name":"tell_time","description":"The time.",
                                                 "parameters":{"type":"object"}},{"type":"function","name":"b"}])"));
    EXPECT_EQ(shown.at("tool_choice"), json::parse(R"({"type":"function","name":"b"})"));
    EXPECT_EQ(shown.at("parallel_tool_calls"), false);
    EXPECT_EQ(shown.at("truncation"), json::parse(R"({"type":"retention_ratio","retention_ratio":0.5,
                                                      "token_limits":{"post_instructions":8000}})"));
    EXPECT_EQ(shown.at("tracing"), "auto");
    EXPECT_EQ(shown.at("include"), json::array());
    EXPECT_EQ(shown.at("reasoning"), json::parse(R"({"effort":"low"})"));
    const auto& input = shown.at("audio").at("input");
    EXPECT_EQ(input.at("format"), json::parse(R"({"type":"audio/pcmu"})"));
    EXPECT_EQ(input.at("noise_reduction"), json::parse(R"({"type":"near_field"})"));
    EXPECT_EQ(input.at("transcription"),
              json::parse(R"({"model":"whisper-1","language":"sv","prompt":"Birds.","keywords":["wren"],
                              "languages":["sv","en"],"delay":"low"})"));
    EXPECT_EQ(input.at("turn_detection").at("idle_timeout_ms"), 6000);
    EXPECT_EQ(shown.at("audio").at("output").at("format"), json::parse(R"({"type":"audio/pcma"})"));
    EXPECT_EQ(shown.at("antiphon"), json::parse(R"({"partials":true,"binary_audio":true,"resumable":false,"agent":"clerk"})"));

    session.turn_detection->semantic = Eagerness::low;
    session.tool_choice = {ToolChoice::Use::required, ""};
    session.truncation.mode = Truncation::Mode::disabled;
    const auto other = json::parse(encode(SessionUpdated{session}, "e")).at("session");
    EXPECT_EQ(other.at("audio").at("input").at("turn_detection"),
              json::parse(R"({"type":"semantic_vad","eagerness":"low","create_response":true,"interrupt_response":true})"));
    EXPECT_EQ(other.at("tool_choice"), "required");
    EXPECT_EQ(other.at("truncation"), "disabled");
}

TEST(Encode, transcription_session) {
    Session session;
    session.id = "sess_1";
    session.kind = SessionKind::transcription;
    expect_encoded(SessionCreated{session}, R"({"type":"session.created","session":{"type":"transcription",
        "object":"realtime.transcription_session","id":"sess_1","include":null,
        "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"transcription":null,"noise_reduction":null,
                          "turn_detection":null}},
        "antiphon":{"partials":false,"binary_audio":false,"resumable":false,"agent":""}}})");
}

TEST(Encode, errors) {
    expect_encoded(ErrorReport{"invalid_request_error", "invalid_value", "No.", "audio", "mine"},
                   R"({"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"No.",
                       "param":"audio","event_id":"mine"}})");
    expect_encoded(ErrorReport{"server_error", "", "Oh.", "", ""},
                   R"({"type":"error","error":{"type":"server_error","code":null,"message":"Oh.","param":null,
                       "event_id":null}})");
}

TEST(Encode, input_audio_buffer) {
    expect_encoded(SpeechStarted{"item_1", 320},
                   R"({"type":"input_audio_buffer.speech_started","item_id":"item_1","audio_start_ms":320})");
    expect_encoded(SpeechStopped{"item_1", 2520},
                   R"({"type":"input_audio_buffer.speech_stopped","item_id":"item_1","audio_end_ms":2520})");
    expect_encoded(AudioCommitted{"item_1", ""},
                   R"({"type":"input_audio_buffer.committed","item_id":"item_1","previous_item_id":null})");
    expect_encoded(AudioCommitted{"item_1", "item_0"},
                   R"({"type":"input_audio_buffer.committed","item_id":"item_1","previous_item_id":"item_0"})");
    expect_encoded(AudioCleared{}, R"({"type":"input_audio_buffer.cleared"})");
}

TEST(Encode, conversation_items) {
    expect_encoded(ItemAdded{kUser, ""},
                   R"({"type":"conversation.item.added","previous_item_id":null,"item":)" + kUserJson + "}");
    expect_encoded(ItemDone{kUser, "item_0"},
                   R"({"type":"conversation.item.done","previous_item_id":"item_0","item":)" + kUserJson + "}");
    expect_encoded(ItemRetrieved{kUser}, R"({"type":"conversation.item.retrieved","item":)" + kUserJson + "}");
    expect_encoded(ItemTruncated{"item_2", 1500},
                   R"({"type":"conversation.item.truncated","item_id":"item_2","content_index":0,"audio_end_ms":1500})");
    expect_encoded(ItemDeleted{"item_2"}, R"({"type":"conversation.item.deleted","item_id":"item_2"})");
}

TEST(Encode, every_kind_of_content) {
    const Item item{"i", Role::assistant, ItemStatus::incomplete,
                    {{ContentKind::output_text, "a"}, {ContentKind::output_audio, "b"}, {ContentKind::input_text, "c"},
                     {ContentKind::input_audio, "d"}}};
    const auto encoded = json::parse(encode(ItemRetrieved{item}, "e")).at("item");
    EXPECT_EQ(encoded.at("status"), "incomplete");
    EXPECT_EQ(encoded.at("role"), "assistant");
    EXPECT_EQ(encoded.at("content"), json::parse(R"([{"type":"output_text","text":"a"},
        {"type":"output_audio","transcript":"b"},{"type":"input_text","text":"c"},
        {"type":"input_audio","transcript":"d"}])"));
}

TEST(Encode, transcription) {
    const std::string head = R"({"type":"conversation.item.input_audio_transcription.)";
    expect_encoded(TranscriptionDelta{"item_1", "Hi"}, head + R"(delta","item_id":"item_1","content_index":0,"delta":"Hi"})");
    expect_encoded(TranscriptionCompleted{"item_1", "Hi.", "en", 1.5},
                   head + R"(completed","item_id":"item_1","content_index":0,"transcript":"Hi.",
                          "usage":{"type":"duration","seconds":1.5},"antiphon.language":"en"})");
    expect_encoded(TranscriptionCompleted{"item_1", "", "", 1.5},
                   head + R"(completed","item_id":"item_1","content_index":0,"transcript":"",
                          "usage":{"type":"duration","seconds":1.5}})");
    expect_encoded(TranscriptionFailed{"item_1", "engine", "It broke"},
                   head + R"(failed","item_id":"item_1","content_index":0,
                          "error":{"type":"transcription_error","code":"engine","message":"It broke"}})");
}

TEST(Encode, response_parts) {
    expect_encoded(RateLimitsUpdated{}, R"({"type":"rate_limits.updated","rate_limits":[]})");
    expect_encoded(OutputItemAdded{"resp_1", kUser},
                   R"({"type":"response.output_item.added","response_id":"resp_1","output_index":0,"item":)" + kUserJson + "}");
    expect_encoded(OutputItemDone{"resp_1", kUser},
                   R"({"type":"response.output_item.done","response_id":"resp_1","output_index":0,"item":)" + kUserJson + "}");
    expect_encoded(ContentPartAdded{kPart, true}, R"({"type":"response.content_part.added",)" + kPlace +
                                                      R"(,"part":{"type":"audio","transcript":""}})");
    expect_encoded(ContentPartAdded{kPart, false},
                   R"({"type":"response.content_part.added",)" + kPlace + R"(,"part":{"type":"text","text":""}})");
    expect_encoded(ContentPartDone{kPart, true, "Hi"}, R"({"type":"response.content_part.done",)" + kPlace +
                                                           R"(,"part":{"type":"audio","transcript":"Hi"}})");
    expect_encoded(OutputTextDelta{kPart, "H"}, R"({"type":"response.output_text.delta",)" + kPlace + R"(,"delta":"H"})");
    expect_encoded(OutputTextDone{kPart, "Hi"}, R"({"type":"response.output_text.done",)" + kPlace + R"(,"text":"Hi"})");
    expect_encoded(OutputTranscriptDelta{kPart, "H"},
                   R"({"type":"response.output_audio_transcript.delta",)" + kPlace + R"(,"delta":"H"})");
    expect_encoded(OutputTranscriptDone{kPart, "Hi"},
                   R"({"type":"response.output_audio_transcript.done",)" + kPlace + R"(,"transcript":"Hi"})");
    expect_encoded(OutputAudioDelta{kPart, {1, 2, 255}},
                   R"({"type":"response.output_audio.delta",)" + kPlace + R"(,"delta":"AQL/"})");
    expect_encoded(OutputAudioDone{kPart}, R"({"type":"response.output_audio.done",)" + kPlace + "}");
}

TEST(Encode, response_at_its_beginning) {
    Response response;
    response.id = "resp_1";
    response.voice = "marin";
    expect_encoded(ResponseCreated{response}, R"({"type":"response.created","response":{"object":"realtime.response",
        "id":"resp_1","conversation_id":null,"status":"in_progress","status_details":null,"output":[],"output_modalities":["audio"],
        "max_output_tokens":"inf","audio":{"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"marin"}},
        "usage":null,"metadata":null}})");
}

json::value done(const Response& response) { return json::parse(encode(ResponseDone{response}, "e")).at("response"); }

TEST(Encode, response_at_its_end) {
    Response response;
    response.status = ResponseStatus::completed;
    response.speaks = false;
    response.max_output_tokens = 5;
    response.output = {kUser};
    response.usage = Usage{20, 12, 7};
    response.metadata = R"({"topic":"birds"})";
    const auto completed = done(response);
    EXPECT_EQ(completed.at("status_details"), json::parse(R"({"type":"completed"})"));
    EXPECT_EQ(completed.at("output"), json::array{json::parse(kUserJson)});
    EXPECT_EQ(completed.at("output_modalities"), json::array{"text"});
    EXPECT_EQ(completed.at("max_output_tokens"), 5);
    EXPECT_EQ(completed.at("metadata").at("topic"), "birds");
    EXPECT_EQ(completed.at("usage"), json::parse(R"({"total_tokens":27,"input_tokens":20,"output_tokens":7,
        "input_token_details":{"text_tokens":20,"audio_tokens":0,"image_tokens":0,"cached_tokens":12,
        "cached_tokens_details":{"text_tokens":12,"audio_tokens":0,"image_tokens":0}},
        "output_token_details":{"text_tokens":7,"audio_tokens":0}})"));

    response.status = ResponseStatus::cancelled;
    response.reason = "turn_detected";
    EXPECT_EQ(done(response).at("status_details"), json::parse(R"({"type":"cancelled","reason":"turn_detected"})"));

    response.status = ResponseStatus::failed;
    response.reason.clear();
    response.error_code = "engine";
    response.error_message = "It broke";
    EXPECT_EQ(done(response).at("status_details"),
              json::parse(R"({"type":"failed","error":{"type":"server_error","code":"engine","message":"It broke"}})"));
}

TEST(Encode, items_of_tools) {
    Item call{"item_1", Role::user, ItemStatus::in_progress, {}, ItemKind::function_call, "call_1", "f", "", ""};
    expect_encoded(OutputItemAdded{"resp_1", call, 1},
                   R"({"type":"response.output_item.added","response_id":"resp_1","output_index":1,"item":{"id":"item_1",
                       "type":"function_call","object":"realtime.item","status":"in_progress","call_id":"call_1",
                       "name":"f","arguments":""}})");
    Item output{"item_2", Role::user, ItemStatus::completed, {}, ItemKind::function_call_output, "call_1", "", "", "9"};
    expect_encoded(ItemDone{output, "item_1"},
                   R"({"type":"conversation.item.done","previous_item_id":"item_1","item":{"id":"item_2",
                       "type":"function_call_output","object":"realtime.item","status":"completed","call_id":"call_1",
                       "output":"9"}})");
    const Part part{"resp_1", "item_1", 2};
    const std::string place = R"("response_id":"resp_1","item_id":"item_1","output_index":2,"call_id":"call_1")";
    expect_encoded(FunctionArgumentsDelta{part, "call_1", "{\""},
                   R"({"type":"response.function_call_arguments.delta",)" + place + R"(,"delta":"{\""})");
    expect_encoded(FunctionArgumentsDone{part, "call_1", "f", "{}"},
                   R"({"type":"response.function_call_arguments.done",)" + place + R"(,"name":"f","arguments":"{}"})");
}

TEST(Encode, our_own_events) {
    expect_encoded(PartialTranscript{"item_1", "Hi th"}, R"({"type":"antiphon.partial","item_id":"item_1","transcript":"Hi th"})");
    expect_encoded(WordsTimed{kPart, {{"Hi ", 0, 200}, {"you", 200, 510}}},
                   R"({"type":"antiphon.words","response_id":"resp_1","item_id":"item_2","words":[
                       {"text":"Hi ","start_ms":0,"end_ms":200},{"text":"you","start_ms":200,"end_ms":510}]})");
    expect_encoded(SourcesUsed{"resp_1", {{"The \"House\"", "a/house.md", 0.71234}}},
                   R"({"type":"antiphon.sources","response_id":"resp_1","sources":[{"title":"The \"House\"","document":"a/house.md","score":0.712}]})");
    expect_encoded(StateChanged{AgentState::thinking}, R"({"type":"antiphon.state","state":"thinking"})");
    expect_encoded(LanguageDecided{"de", 0.93F}, R"({"type":"antiphon.language","language":"de","confidence":0.93})");
}

TEST(Encode, what_else_the_server_says) {
    expect_encoded(TimeoutTriggered{"item_1", 100, 6100},
                   R"({"type":"input_audio_buffer.timeout_triggered","item_id":"item_1","audio_start_ms":100,
                       "audio_end_ms":6100})");
    expect_encoded(OutputSoundStarted{"resp_1"}, R"({"type":"output_audio_buffer.started","response_id":"resp_1"})");
    expect_encoded(OutputSoundStopped{"resp_1"}, R"({"type":"output_audio_buffer.stopped","response_id":"resp_1"})");
    expect_encoded(OutputSoundCleared{"resp_1"}, R"({"type":"output_audio_buffer.cleared","response_id":"resp_1"})");
    expect_encoded(ConversationCreated{"conv_1"},
                   R"({"type":"conversation.created","conversation":{"id":"conv_1","object":"realtime.conversation"}})");
}

TEST(Encode, sound_with_ids_that_need_care) {
    const auto message = json::parse(encode(OutputAudioDelta{{"resp \"1\"", "a\xff", 3}, {1, 2, 255}}, "e\\"));
    EXPECT_EQ(message.at("event_id"), "e\\");
    EXPECT_EQ(message.at("response_id"), "resp \"1\"");
    EXPECT_EQ(message.at("item_id"), "a\xEF\xBF\xBD");
    EXPECT_EQ(message.at("output_index"), 3);
}

TEST(Encode, turn_times) {
    TurnMeasured turn;
    turn.response_id = "resp_1";
    turn.speculated = true;
    turn.transcript = 0.25;
    turn.first_audio = 0.5;
    expect_encoded(turn, R"({"type":"antiphon.turn","response_id":"resp_1","speculated":true,"transcript_seconds":0.25,
                             "first_audio_seconds":0.5})");
}

TEST(Encode, repairs_text_that_is_not_utf8) {
    const auto message = json::parse(encode(OutputTextDelta{kPart, "a\xff" "b"}, "e"));
    EXPECT_EQ(message.at("delta"), "a\xEF\xBF\xBD" "b");
}

TEST(Encode, how_a_call_is_taken_over) {
    SessionKept kept{"rtc_1", "resume_t", 25000, std::nullopt};
    EXPECT_EQ(json::parse(encode(kept, "e")), json::parse(R"({"type":"antiphon.session","event_id":"e","call_id":"rtc_1",
        "resume_token":"resume_t","resume_within_ms":25000,"resumed":false})"));
    kept.resumed = SessionKept::Resumed{false, 1300, ""};
    EXPECT_EQ(json::parse(encode(kept, "e")), json::parse(R"({"type":"antiphon.session","event_id":"e","call_id":"rtc_1",
        "resume_token":"resume_t","resume_within_ms":25000,"resumed":true,"complete":false,"input_audio_ms":1300,
        "last_client_event_id":null})"));
    EXPECT_EQ(json::parse(encode(SoundHeard{20}, "e")),
              json::parse(R"({"type":"antiphon.heard","event_id":"e","input_audio_ms":20})"));
    EXPECT_EQ(json::parse(encode(ItemsSaved{{"a", "b"}}, "e")),
              json::parse(R"({"type":"antiphon.saved","event_id":"e","item_ids":["a","b"]})"));
    EXPECT_EQ(json::parse(encode(ServerRestarting{true}, "e")),
              json::parse(R"({"type":"antiphon.restarting","event_id":"e","resumable":true})"));
}

}  // namespace
}  // namespace antiphon::protocol
