#include "protocol/decode.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::protocol {
namespace {

template <typename Request>
Request accepted(const std::string& message) {
    auto decoded = decode(message);
    if (const auto* refusal = std::get_if<Refusal>(&decoded)) {
        ADD_FAILURE() << message << "\nwas refused: " << refusal->error.text;
        return {};
    }
    auto& event = std::get<ClientEvent>(decoded);
    if (auto* request = std::get_if<Request>(&event.request)) return *request;
    ADD_FAILURE() << message << "\nbecame another request";
    return {};
}

Refusal refused(const std::string& message) {
    auto decoded = decode(message);
    if (auto* refusal = std::get_if<Refusal>(&decoded)) return *refusal;
    ADD_FAILURE() << message << "\nwas accepted";
    return {};
}

std::string update(const std::string& fields) {
    return R"({"type":"session.update","event_id":"mine","session":{"type":"realtime")" +
           (fields.empty() ? "" : "," + fields) + "}}";
}
std::string detection(const std::string& fields) {
    return update(R"("audio":{"input":{"turn_detection":{)" + fields + "}}}");
}
std::string item(const std::string& fields) {
    return R"({"type":"conversation.item.create","event_id":"mine","item":{)" + fields + "}}";
}
std::string response(const std::string& fields) {
    return R"({"type":"response.create","event_id":"mine","response":{)" + fields + "}}";
}

TEST(Decode, session_update_leaves_absent_fields_alone) {
    const auto changes = accepted<UpdateSession>(update("")).session;
    EXPECT_FALSE(changes.model || changes.instructions || changes.speaks || changes.input_encoding ||
                 changes.transcription || changes.turn_detection || changes.output_encoding || changes.voice ||
                 changes.speed || changes.max_output_tokens || changes.tools || changes.tool_choice ||
                 changes.parallel_tool_calls || changes.truncation || changes.noise_reduction_json ||
                 changes.tracing_json || changes.include_json || changes.reasoning_json || changes.partials ||
                 changes.binary_audio);
}

TEST(Decode, session_update_reads_every_field) {
    const auto changes = accepted<UpdateSession>(update(
        R"("model":"gpt-realtime-2.1","instructions":"","output_modalities":["text"],"max_output_tokens":50,
           "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},
                             "transcription":{"model":"whisper-1","language":"sv","prompt":"Birds.","keywords":["wren"],
                                              "languages":["sv","en"],"delay":"low"},
                             "turn_detection":{"type":"server_vad","threshold":0.7,"prefix_padding_ms":100,
                                               "silence_duration_ms":900.0,"create_response":false,
                                               "interrupt_response":false,"idle_timeout_ms":6000}},
                    "output":{"format":{"type":"audio/pcmu"},"voice":"marin","speed":1.25}})"))
                             .session;
    EXPECT_EQ(changes.model, "gpt-realtime-2.1");
    EXPECT_EQ(changes.instructions, "");
    EXPECT_EQ(changes.speaks, false);
    EXPECT_EQ(changes.max_output_tokens, std::optional<int>(50));
    EXPECT_EQ(changes.input_encoding, audio::Encoding::pcm16);
    ASSERT_TRUE(changes.transcription && *changes.transcription);
    EXPECT_EQ((*changes.transcription)->model, "whisper-1");
    EXPECT_EQ((*changes.transcription)->language, "sv");
    EXPECT_EQ((*changes.transcription)->prompt, "Birds.");
    EXPECT_EQ((*changes.transcription)->keywords, std::vector<std::string>{"wren"});
    EXPECT_EQ((*changes.transcription)->languages, (std::vector<std::string>{"sv", "en"}));
    EXPECT_EQ((*changes.transcription)->delay, "low");
    ASSERT_TRUE(changes.turn_detection && *changes.turn_detection);
    const auto& turn = **changes.turn_detection;
    EXPECT_EQ(turn.threshold, 0.7);
    EXPECT_EQ(turn.prefix_padding_ms, 100);
    EXPECT_EQ(turn.silence_duration_ms, 900);
    EXPECT_EQ(turn.create_response, false);
    EXPECT_EQ(turn.interrupt_response, false);
    EXPECT_EQ(turn.semantic, false);
    EXPECT_EQ(turn.idle_timeout_ms, std::optional<int>(6000));
    EXPECT_EQ(changes.output_encoding, audio::Encoding::mulaw);
    EXPECT_EQ(changes.voice, "marin");
    EXPECT_EQ(changes.speed, 1.25);
}

TEST(Decode, session_update_tells_null_from_absent) {
    const auto changes =
        accepted<UpdateSession>(
            update(R"("max_output_tokens":"inf","audio":{"input":{"turn_detection":null,"transcription":null}})"))
            .session;
    ASSERT_TRUE(changes.max_output_tokens && changes.turn_detection && changes.transcription);
    EXPECT_FALSE(*changes.max_output_tokens);
    EXPECT_FALSE(*changes.turn_detection);
    EXPECT_FALSE(*changes.transcription);
}

TEST(Decode, session_update_keeps_what_is_only_shown_back) {
    const auto changes =
        accepted<UpdateSession>(
            update(R"("tracing":{"workflow_name":"w"},"include":["item.input_audio_transcription.logprobs"],
                      "reasoning":{"effort":"low"},"audio":{"input":{"noise_reduction":{"type":"far_field"}}})"))
            .session;
    EXPECT_EQ(changes.tracing_json, R"({"workflow_name":"w"})");
    EXPECT_EQ(changes.include_json, R"(["item.input_audio_transcription.logprobs"])");
    EXPECT_EQ(changes.reasoning_json, R"({"effort":"low"})");
    EXPECT_EQ(changes.noise_reduction_json, R"({"type":"far_field"})");
    const auto off = accepted<UpdateSession>(update(
        R"("tracing":null,"include":null,"reasoning":null,"prompt":null,"audio":{"input":{"noise_reduction":null}})"));
    EXPECT_EQ(off.session.tracing_json, "");
    EXPECT_EQ(off.session.noise_reduction_json, "");
    EXPECT_EQ(accepted<UpdateSession>(update(R"("tracing":"auto")")).session.tracing_json, R"("auto")");
    accepted<UpdateSession>(update(R"("id":"sess_1","object":"realtime.session","expires_at":0)"));
    const auto custom = accepted<UpdateSession>(update(R"("audio":{"output":{"voice":{"id":"voice_1"}}})"));
    EXPECT_EQ(custom.session.voice, "voice_1");
}

TEST(Decode, session_update_reads_tools) {
    const auto changes = accepted<UpdateSession>(
                             update(R"("tools":[{"type":"function","name":"tell_time","description":"The time.",
                                                "parameters":{"type":"object"}},{"type":"function","name":"b"}],
                                       "tool_choice":{"type":"function","name":"b"},"parallel_tool_calls":false)"))
                             .session;
    ASSERT_TRUE(changes.tools && changes.tools->size() == 2U);
    EXPECT_EQ(changes.tools->front().name, "tell_time");
    EXPECT_EQ(changes.tools->front().description, "The time.");
    EXPECT_EQ(changes.tools->front().parameters, R"({"type":"object"})");
    EXPECT_EQ(changes.tools->back().parameters, "");
    EXPECT_EQ(changes.tool_choice->use, ToolChoice::Use::required);
    EXPECT_EQ(changes.tool_choice->name, "b");
    EXPECT_EQ(changes.parallel_tool_calls, false);
    const auto choice = [](const std::string& word) {
        return accepted<UpdateSession>(update(R"("tool_choice":")" + word + "\"")).session.tool_choice->use;
    };
    EXPECT_EQ(choice("auto"), ToolChoice::Use::automatic);
    EXPECT_EQ(choice("none"), ToolChoice::Use::none);
    EXPECT_EQ(choice("required"), ToolChoice::Use::required);
    EXPECT_TRUE(accepted<UpdateSession>(update(R"("tools":[])")).session.tools->empty());
}

TEST(Decode, session_update_reads_truncation) {
    const auto truncation = [](const std::string& json) {
        return *accepted<UpdateSession>(update(R"("truncation":)" + json)).session.truncation;
    };
    EXPECT_EQ(truncation(R"("auto")").truncation.mode, Truncation::Mode::automatic);
    EXPECT_EQ(truncation(R"("disabled")").truncation.mode, Truncation::Mode::disabled);
    const auto retention =
        truncation(R"({"type":"retention_ratio","retention_ratio":0.5,"token_limits":{"post_instructions":8000}})");
    EXPECT_EQ(retention.truncation.mode, Truncation::Mode::retention);
    EXPECT_EQ(retention.truncation.retention_ratio, 0.5);
    EXPECT_EQ(retention.post_instructions_limit, 8000);
}

TEST(Decode, session_update_reads_our_own_additions) {
    const auto changes =
        accepted<UpdateSession>(update(R"("antiphon":{"partials":true,"binary_audio":true,"agent":"x"})")).session;
    EXPECT_EQ(changes.partials, true);
    EXPECT_EQ(changes.binary_audio, true);
    EXPECT_EQ(accepted<UpdateSession>(update(R"("antiphon":{"partials":false})")).session.binary_audio, std::nullopt);
    EXPECT_EQ(accepted<UpdateSession>(update(R"("antiphon":{"resumable":true})")).session.resumable, true);
}

TEST(Decode, transcription_sessions) {
    const auto request = accepted<UpdateSession>(
        R"({"type":"session.update","session":{"type":"transcription","include":null,"audio":{"input":{
            "format":{"type":"audio/pcma"},"transcription":{"model":"whisper-1"},"turn_detection":null}}}})");
    EXPECT_EQ(request.session.kind, SessionKind::transcription);
    EXPECT_EQ(request.session.input_encoding, audio::Encoding::alaw);
    EXPECT_TRUE(request.session.turn_detection && !*request.session.turn_detection);
    const auto wrong = refused(R"({"type":"session.update","session":{"type":"transcription","instructions":"x"}})");
    EXPECT_EQ(wrong.error.param, "session.instructions");
    EXPECT_EQ(refused(R"({"type":"session.update","session":{"type":"transcription","audio":{"output":{}}}})").error.param,
              "session.audio.output");
}

TEST(Decode, semantic_vad_has_an_eagerness_and_no_timing) {
    const auto changes = accepted<UpdateSession>(
                             detection(R"("type":"semantic_vad","eagerness":"high","interrupt_response":false)"))
                             .session;
    ASSERT_TRUE(changes.turn_detection && *changes.turn_detection);
    EXPECT_EQ((*changes.turn_detection)->semantic, true);
    EXPECT_EQ((*changes.turn_detection)->eagerness, Eagerness::high);
    EXPECT_EQ((*changes.turn_detection)->interrupt_response, false);
    EXPECT_FALSE((*changes.turn_detection)->threshold || (*changes.turn_detection)->silence_duration_ms);
    const auto plain = accepted<UpdateSession>(detection(R"("type":"semantic_vad")")).session;
    EXPECT_EQ((*plain.turn_detection)->eagerness, std::nullopt);
    const auto untyped = accepted<UpdateSession>(detection(R"("create_response":false,"idle_timeout_ms":null)")).session;
    EXPECT_EQ((*untyped.turn_detection)->semantic, std::nullopt);
    ASSERT_TRUE((*untyped.turn_detection)->idle_timeout_ms);
    EXPECT_EQ(*(*untyped.turn_detection)->idle_timeout_ms, std::nullopt);
}

TEST(Decode, audio_buffer_events) {
    EXPECT_EQ(accepted<AppendAudio>(R"({"type":"input_audio_buffer.append","audio":"AQL/"})").audio,
              (std::vector<std::uint8_t>{1, 2, 255}));
    EXPECT_TRUE(accepted<AppendAudio>(R"({"type":"input_audio_buffer.append","audio":""})").audio.empty());
    accepted<CommitAudio>(R"({"type":"input_audio_buffer.commit"})");
    accepted<ClearAudio>(R"({"type":"input_audio_buffer.clear"})");
    accepted<ClearOutputAudio>(R"({"type":"output_audio_buffer.clear"})");
}

TEST(Decode, item_create_reads_each_role_and_part) {
    const auto user = accepted<CreateItem>(
        R"({"type":"conversation.item.create","previous_item_id":"root","item":{"id":"i1","type":"message",
            "role":"user","status":"completed","content":[{"type":"input_text","text":"hallå"},
            {"type":"input_audio","transcript":"there"}]}})");
    EXPECT_EQ(user.previous_item_id, "root");
    EXPECT_EQ(user.item.id, "i1");
    EXPECT_EQ(user.item.role, Role::user);
    ASSERT_EQ(user.item.content.size(), 2U);
    EXPECT_EQ(user.item.content[0].kind, ContentKind::input_text);
    EXPECT_EQ(user.item.content[0].text, "hallå");
    EXPECT_EQ(user.item.content[1].kind, ContentKind::input_audio);
    EXPECT_EQ(user.item.content[1].text, "there");

    const auto system =
        accepted<CreateItem>(item(R"("type":"message","role":"system","content":[{"type":"input_text","text":"x"}])"));
    EXPECT_EQ(system.item.role, Role::system);
    EXPECT_EQ(system.previous_item_id, std::nullopt);
    const auto assistant = accepted<CreateItem>(item(
        R"("type":"message","role":"assistant","content":[{"type":"output_text","text":"x"},
           {"type":"output_audio","transcript":"y"}])"));
    EXPECT_EQ(assistant.item.role, Role::assistant);
    EXPECT_EQ(assistant.item.content[0].kind, ContentKind::output_text);
    EXPECT_EQ(assistant.item.content[1].kind, ContentKind::output_audio);
}

TEST(Decode, items_with_sound) {
    const auto heard = accepted<CreateItem>(item(
        R"("type":"message","role":"user","content":[{"type":"input_audio","audio":"AQL/","transcript":null},
           {"type":"input_audio","audio":null,"transcript":"said"},{"type":"input_audio","audio":"AQL/","transcript":"b"}])"));
    ASSERT_EQ(heard.item.content.size(), 3U);
    EXPECT_EQ(heard.item.content[0].audio, (std::vector<std::uint8_t>{1, 2, 255}));
    EXPECT_EQ(heard.item.content[0].text, std::nullopt);
    EXPECT_EQ(heard.item.content[1].audio, std::nullopt);
    EXPECT_EQ(heard.item.content[1].text, "said");
    EXPECT_EQ(heard.item.content[2].audio, std::nullopt) << "its words are known";
}

TEST(Decode, items_of_tools) {
    const auto call = accepted<CreateItem>(
        item(R"("type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed")"));
    EXPECT_EQ(call.item.kind, ItemKind::function_call);
    EXPECT_EQ(call.item.call_id, "call_1");
    EXPECT_EQ(call.item.name, "f");
    EXPECT_EQ(call.item.arguments, R"({"a":1})");
    EXPECT_EQ(accepted<CreateItem>(item(R"("type":"function_call","name":"f","arguments":"{}")")).item.call_id, "");
    const auto output = accepted<CreateItem>(item(R"("type":"function_call_output","call_id":"call_1","output":"")"));
    EXPECT_EQ(output.item.kind, ItemKind::function_call_output);
    EXPECT_EQ(output.item.call_id, "call_1");
    const auto input = accepted<CreateResponse>(response(R"("input":[{"type":"item_reference","id":"item_7"}])"));
    EXPECT_EQ(input.input->front().kind, ItemKind::reference);
    EXPECT_EQ(input.input->front().id, "item_7");
}

TEST(Decode, item_retrieve_delete_and_truncate) {
    EXPECT_EQ(accepted<RetrieveItem>(R"({"type":"conversation.item.retrieve","item_id":"i"})").item_id, "i");
    EXPECT_EQ(accepted<DeleteItem>(R"({"type":"conversation.item.delete","item_id":"i"})").item_id, "i");
    const auto truncate = accepted<TruncateItem>(
        R"({"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":1500})");
    EXPECT_EQ(truncate.item_id, "i");
    EXPECT_EQ(truncate.audio_end_ms, 1500);
}

TEST(Decode, response_create_and_cancel) {
    const auto bare = accepted<CreateResponse>(R"({"type":"response.create"})");
    EXPECT_TRUE(bare.in_conversation);
    EXPECT_FALSE(bare.instructions || bare.speaks || bare.max_output_tokens || bare.input);
    const auto full = accepted<CreateResponse>(response(
        R"("instructions":"Sing.","output_modalities":["audio"],"max_output_tokens":7,"conversation":"none",
           "metadata":{"topic":"birds"},"input":[{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"hi"}]}],"tools":[{"type":"function","name":"f"}],
           "tool_choice":"required","parallel_tool_calls":true,"reasoning":{"effort":"low"},
           "audio":{"output":{"format":{"type":"audio/pcm"},"voice":"marin"}})"));
    EXPECT_EQ(full.instructions, "Sing.");
    EXPECT_EQ(full.speaks, true);
    EXPECT_EQ(full.max_output_tokens, std::optional<int>(7));
    EXPECT_FALSE(full.in_conversation);
    EXPECT_EQ(full.metadata, R"({"topic":"birds"})");
    EXPECT_EQ(full.tools->front().name, "f");
    EXPECT_EQ(full.tool_choice->use, ToolChoice::Use::required);
    EXPECT_EQ(full.parallel_tool_calls, true);
    EXPECT_EQ(full.voice, "marin");
    EXPECT_EQ(full.output_encoding, audio::Encoding::pcm16);
    ASSERT_TRUE(full.input);
    EXPECT_EQ(full.input->front().content.front().text, "hi");
    EXPECT_TRUE(accepted<CreateResponse>(response(R"("input":[])")).input->empty());

    EXPECT_EQ(accepted<CancelResponse>(R"({"type":"response.cancel"})").response_id, "");
    EXPECT_EQ(accepted<CancelResponse>(R"({"type":"response.cancel","response_id":"r"})").response_id, "r");
}

TEST(Decode, event_id_comes_along_in_events_and_refusals) {
    const auto good = decode(R"({"type":"response.cancel","event_id":"e1"})");
    EXPECT_EQ(std::get<ClientEvent>(good).event_id, "e1");
    EXPECT_EQ(refused(R"({"event_id":"e2","type":"nonsense"})").event_id, "e2");
    EXPECT_EQ(refused(R"({"event_id":"e3"})").event_id, "e3");
    EXPECT_EQ(refused(R"({"type":7,"event_id":"e4"})").event_id, "e4");
    EXPECT_EQ(refused(R"({"type":"response.cancel","event_id":7})").error.param, "event_id");
    EXPECT_EQ(refused(R"({"type":"response.cancel","event_id":")" + std::string(513, 'x') + "\"}").event_id, "");
}

struct Wrong {
    std::string message;
    std::string code;
    std::string param;
};

class DecodeRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(DecodeRefuses, naming_code_and_field) {
    const auto refusal = refused(GetParam().message);
    EXPECT_EQ(refusal.code, GetParam().code) << GetParam().message << "\n" << refusal.error.text;
    EXPECT_EQ(refusal.error.param, GetParam().param) << GetParam().message << "\n" << refusal.error.text;
    EXPECT_EQ(refusal.error.code, GetParam().code == "unsupported" ? base::Errc::unsupported : base::Errc::invalid);
    EXPECT_FALSE(refusal.error.text.empty());
}

const std::string kTurn = "session.audio.input.turn_detection.";
const std::string kMessage = R"("type":"message","role":"user","content":)";

INSTANTIATE_TEST_SUITE_P(
    Messages, DecodeRefuses,
    testing::Values(Wrong{"", "invalid_json", ""}, Wrong{"{", "invalid_json", ""}, Wrong{"{}{}", "invalid_json", ""},
                    Wrong{"nonsense", "invalid_json", ""}, Wrong{"[]", "invalid_type", ""}, Wrong{"7", "invalid_type", ""},
                    Wrong{"{\"type\":\"\xff\"}", "invalid_json", ""},
                    Wrong{"{}", "missing_required_parameter", "type"}, Wrong{R"({"type":null})", "invalid_type", "type"},
                    Wrong{R"({"type":""})", "invalid_value", "type"}, Wrong{R"({"type":"a.b"})", "unknown_event", "type"},
                    Wrong{R"({"type":"response.done"})", "unknown_event", "type"}));

INSTANTIATE_TEST_SUITE_P(
    Session, DecodeRefuses,
    testing::Values(
        Wrong{R"({"type":"session.update"})", "missing_required_parameter", "session"},
        Wrong{R"({"type":"session.update","session":[]})", "invalid_type", "session"},
        Wrong{R"({"type":"session.update","session":{}})", "missing_required_parameter", "session.type"},
        Wrong{R"({"type":"session.update","session":{"type":"x"}})", "invalid_value", "session.type"},
        Wrong{update(R"("model":7)"), "invalid_type", "session.model"},
        Wrong{update(R"("instructions":[])"), "invalid_type", "session.instructions"},
        Wrong{update(R"("temperature":0.8)"), "unknown_parameter", "session.temperature"},
        Wrong{update(R"("output_modalities":"audio")"), "invalid_type", "session.output_modalities"},
        Wrong{update(R"("output_modalities":["audio","text"])"), "invalid_value", "session.output_modalities"},
        Wrong{update(R"("output_modalities":[])"), "invalid_value", "session.output_modalities"},
        Wrong{update(R"("max_output_tokens":0)"), "invalid_value", "session.max_output_tokens"},
        Wrong{update(R"("max_output_tokens":4097)"), "invalid_value", "session.max_output_tokens"},
        Wrong{update(R"("max_output_tokens":"many")"), "invalid_value", "session.max_output_tokens"},
        Wrong{update(R"("max_output_tokens":1.5)"), "invalid_type", "session.max_output_tokens"},
        Wrong{update(R"("max_output_tokens":null)"), "invalid_type", "session.max_output_tokens"},
        Wrong{update(R"("tools":{})"), "invalid_type", "session.tools"},
        Wrong{update(R"("tools":[7])"), "invalid_type", "session.tools[0]"},
        Wrong{update(R"("tools":[{"name":"f"}])"), "missing_required_parameter", "session.tools[0].type"},
        Wrong{update(R"("tools":[{"type":"function"}])"), "missing_required_parameter", "session.tools[0].name"},
        Wrong{update(R"("tools":[{"type":"function","name":"a b"}])"), "invalid_value", "session.tools[0].name"},
        Wrong{update(R"("tools":[{"type":"function","name":"f"},{"type":"function","name":"f"}])"), "invalid_value",
              "session.tools[1].name"},
        Wrong{update(R"("tools":[{"type":"function","function":{"name":"f"}}])"), "missing_required_parameter",
              "session.tools[0].name"},
        Wrong{update(R"("tools":[{"type":"mcp","server_label":"x","server_url":"y"}])"), "unsupported",
              "session.tools[0].type"},
        Wrong{update(R"("tool_choice":"maybe")"), "invalid_value", "session.tool_choice"},
        Wrong{update(R"("tool_choice":{"type":"mcp","server_label":"x"})"), "unsupported", "session.tool_choice.type"},
        Wrong{update(R"("tool_choice":{"type":"function"})"), "missing_required_parameter", "session.tool_choice.name"},
        Wrong{update(R"("truncation":"never")"), "invalid_value", "session.truncation"},
        Wrong{update(R"("truncation":{"type":"retention_ratio"})"), "missing_required_parameter",
              "session.truncation.retention_ratio"},
        Wrong{update(R"("truncation":{"type":"retention_ratio","retention_ratio":2})"), "invalid_value",
              "session.truncation.retention_ratio"},
        Wrong{update(R"("tracing":"off")"), "invalid_value", "session.tracing"},
        Wrong{update(R"("include":["logprobs"])"), "invalid_value", "session.include"},
        Wrong{update(R"("antiphon":{"partial":true})"), "unknown_parameter", "session.antiphon.partial"},
        Wrong{update(R"("prompt":{"id":"p"})"), "unsupported", "session.prompt"},
        Wrong{update(R"("audio":7)"), "invalid_type", "session.audio"},
        Wrong{update(R"("audio":{"inptu":{}})"), "unknown_parameter", "session.audio.inptu"},
        Wrong{update(R"("audio":{"input":[]})"), "invalid_type", "session.audio.input"},
        Wrong{update(R"("audio":{"input":{"formt":{}}})"), "unknown_parameter", "session.audio.input.formt"},
        Wrong{update(R"("audio":{"input":{"format":"pcm16"}})"), "invalid_type", "session.audio.input.format"},
        Wrong{update(R"("audio":{"input":{"format":{"type":"mp3"}}})"), "invalid_value", "session.audio.input.format.type"},
        Wrong{update(R"("audio":{"input":{"format":{"type":"audio/pcmu","rate":24000}}})"), "invalid_value",
              "session.audio.input.format.rate"},
        Wrong{update(R"("audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}})"), "invalid_value",
              "session.audio.input.format.rate"},
        Wrong{update(R"("audio":{"input":{"transcription":"en"}})"), "invalid_type", "session.audio.input.transcription"},
        Wrong{update(R"("audio":{"input":{"transcription":{"model":1}}})"), "invalid_type",
              "session.audio.input.transcription.model"},
        Wrong{update(R"("audio":{"input":{"transcription":{"language":1}}})"), "invalid_type",
              "session.audio.input.transcription.language"},
        Wrong{update(R"("audio":{"output":{"voice":7}})"), "invalid_type", "session.audio.output.voice"},
        Wrong{update(R"("audio":{"output":{"voice":{}}})"), "missing_required_parameter", "session.audio.output.voice.id"},
        Wrong{update(R"("audio":{"output":{"speed":2}})"), "invalid_value", "session.audio.output.speed"},
        Wrong{update(R"("audio":{"output":{"speed":"fast"}})"), "invalid_type", "session.audio.output.speed"},
        Wrong{detection(R"("type":"vad")"), "invalid_value", kTurn + "type"},
        Wrong{detection(R"("type":1)"), "invalid_type", kTurn + "type"},
        Wrong{detection(R"("type":"server_vad","threshold":1.1)"), "invalid_value", kTurn + "threshold"},
        Wrong{detection(R"("type":"server_vad","threshold":"high")"), "invalid_type", kTurn + "threshold"},
        Wrong{detection(R"("type":"server_vad","prefix_padding_ms":-1)"), "invalid_value", kTurn + "prefix_padding_ms"},
        Wrong{detection(R"("type":"server_vad","silence_duration_ms":1e30)"), "invalid_value",
              kTurn + "silence_duration_ms"},
        Wrong{detection(R"("type":"server_vad","silence_duration_ms":"500")"), "invalid_type",
              kTurn + "silence_duration_ms"},
        Wrong{detection(R"("type":"server_vad","create_response":1)"), "invalid_type", kTurn + "create_response"},
        Wrong{detection(R"("type":"server_vad","interrupt_response":null)"), "invalid_type", kTurn + "interrupt_response"},
        Wrong{detection(R"("type":"server_vad","idle_timeout_ms":4999)"), "invalid_value", kTurn + "idle_timeout_ms"},
        Wrong{detection(R"("type":"server_vad","idle_timeout_ms":30001)"), "invalid_value", kTurn + "idle_timeout_ms"},
        Wrong{detection(R"("type":"semantic_vad","idle_timeout_ms":6000)"), "unknown_parameter", kTurn + "idle_timeout_ms"},
        Wrong{detection(R"("type":"server_vad","silence":500)"), "unknown_parameter", kTurn + "silence"},
        Wrong{detection(R"("type":"semantic_vad","eagerness":"wild")"), "invalid_value", kTurn + "eagerness"},
        Wrong{detection(R"("type":"semantic_vad","threshold":0.5)"), "unknown_parameter", kTurn + "threshold"}));

INSTANTIATE_TEST_SUITE_P(
    Conversation, DecodeRefuses,
    testing::Values(
        Wrong{R"({"type":"input_audio_buffer.append"})", "missing_required_parameter", "audio"},
        Wrong{R"({"type":"input_audio_buffer.append","audio":7})", "invalid_type", "audio"},
        Wrong{R"({"type":"input_audio_buffer.append","audio":"%%%%"})", "invalid_value", "audio"},
        Wrong{R"({"type":"input_audio_buffer.append","audio":"AAA"})", "invalid_value", "audio"},
        Wrong{R"({"type":"conversation.item.create"})", "missing_required_parameter", "item"},
        Wrong{R"({"type":"conversation.item.create","item":"x"})", "invalid_type", "item"},
        Wrong{item(""), "missing_required_parameter", "item.type"},
        Wrong{item(R"("type":"massage")"), "invalid_value", "item.type"},
        Wrong{item(R"("type":"item_reference","id":"i")"), "invalid_value", "item.type"},
        Wrong{item(R"("type":"mcp_approval_response","id":"i","approve":true)"), "unsupported", "item.type"},
        Wrong{item(R"("type":"function_call_output","output":"")"), "missing_required_parameter", "item.call_id"},
        Wrong{item(R"("type":"function_call_output","call_id":"c")"), "missing_required_parameter", "item.output"},
        Wrong{item(R"("type":"function_call_output","call_id":"c","output":{})"), "invalid_type", "item.output"},
        Wrong{item(R"("type":"function_call","arguments":"{}")"), "missing_required_parameter", "item.name"},
        Wrong{item(R"("type":"function_call","name":"f")"), "missing_required_parameter", "item.arguments"},
        Wrong{item(R"("type":"function_call","name":"f","arguments":"[]")"), "invalid_value", "item.arguments"},
        Wrong{item(R"("type":"function_call","name":"f","arguments":"{")"), "invalid_value", "item.arguments"},
        Wrong{item(R"("type":"message")"), "missing_required_parameter", "item.role"},
        Wrong{item(R"("type":"message","role":"robot")"), "invalid_value", "item.role"},
        Wrong{item(R"("type":"message","role":"user")"), "missing_required_parameter", "item.content"},
        Wrong{item(R"("id":7,)" + kMessage + "[]"), "invalid_type", "item.id"},
        Wrong{item(R"("id":"root",)" + kMessage + R"([{"type":"input_text","text":"x"}])"), "invalid_value", "item.id"},
        Wrong{item(kMessage + "{}"), "invalid_type", "item.content"},
        Wrong{item(kMessage + "[]"), "invalid_value", "item.content"},
        Wrong{item(kMessage + "[7]"), "invalid_type", "item.content[0]"},
        Wrong{item(kMessage + "[{}]"), "missing_required_parameter", "item.content[0].type"},
        Wrong{item(kMessage + R"([{"type":"input_text"}])"), "missing_required_parameter", "item.content[0].text"},
        Wrong{item(kMessage + R"([{"type":"input_text","text":7}])"), "invalid_type", "item.content[0].text"},
        Wrong{item(kMessage + R"([{"type":"output_text","text":"x"}])"), "invalid_value", "item.content[0].type"},
        Wrong{item(kMessage + R"([{"type":"input_audio"}])"), "missing_required_parameter", "item.content[0].audio"},
        Wrong{item(kMessage + R"([{"type":"input_audio","audio":7}])"), "invalid_type", "item.content[0].audio"},
        Wrong{item(kMessage + R"([{"type":"input_audio","audio":"?"}])"), "invalid_value", "item.content[0].audio"},
        Wrong{item(kMessage + R"([{"type":"input_audio","audio":""}])"), "invalid_value", "item.content[0].audio"},
        Wrong{item(kMessage + R"([{"type":"input_image","image_url":"x"}])"), "unsupported", "item.content[0].type"},
        Wrong{R"({"type":"conversation.item.retrieve"})", "missing_required_parameter", "item_id"},
        Wrong{R"({"type":"conversation.item.delete","item_id":""})", "invalid_value", "item_id"},
        Wrong{R"({"type":"conversation.item.truncate","audio_end_ms":1})", "missing_required_parameter", "item_id"},
        Wrong{R"({"type":"conversation.item.truncate","item_id":"i"})", "missing_required_parameter", "audio_end_ms"},
        Wrong{R"({"type":"conversation.item.truncate","item_id":"i","audio_end_ms":-1})", "invalid_value", "audio_end_ms"},
        Wrong{R"({"type":"conversation.item.truncate","item_id":"i","audio_end_ms":1,"content_index":2})", "invalid_value",
              "content_index"},
        Wrong{R"({"type":"response.create","response":7})", "invalid_type", "response"},
        Wrong{response(R"("conversation":"new")"), "invalid_value", "response.conversation"},
        Wrong{response(R"("temprature":1)"), "unknown_parameter", "response.temprature"},
        Wrong{response(R"("metadata":{"a":1})"), "invalid_type", "response.metadata"},
        Wrong{response(R"("input":[{"type":"item_reference"}])"), "missing_required_parameter", "response.input[0].id"},
        Wrong{response(R"("input":[7])"), "invalid_type", "response.input[0]"},
        Wrong{response(R"("tools":[{}])"), "missing_required_parameter", "response.tools[0].type"},
        Wrong{response(R"("audio":{"output":{"voice":7}})"), "invalid_type", "response.audio.output.voice"},
        Wrong{response(R"("audio":{"output":{"speed":1}})"), "unknown_parameter", "response.audio.output.speed"},
        Wrong{R"({"type":"response.cancel","response_id":7})", "invalid_type", "response_id"}));

TEST(Decode, nesting_is_bounded) {
    for (const std::string opening : {"[", "{\"a\":"}) {
        std::string nested = R"({"type":"response.create","response":)";
        for (int i = 0; i < 100'000; ++i) nested += opening;
        EXPECT_EQ(refused(nested).code, "invalid_json");
        EXPECT_NE(refused(nested).error.text.find("32 levels"), std::string::npos);
    }
}

TEST(Decode, memory_is_bounded_by_the_message) {
    std::string many = R"({"type":"x","a":[)";
    for (int i = 0; i < 1'000'000; ++i) many += "[],";
    EXPECT_EQ(refused(many + "[]]}").code, "invalid_json");
}

TEST(Decode, takes_fifteen_mebibytes_of_base64) {
    const std::string message = R"({"type":"input_audio_buffer.append","audio":")" + std::string(14U << 20U, 'A') + "\"}";
    EXPECT_EQ(accepted<AppendAudio>(message).audio.size(), (14U << 20U) / 4 * 3);
}

TEST(Decode, takes_one_mebibyte_of_anything_else) {
    const auto long_item = [](std::size_t length) {
        return item(kMessage + R"([{"type":"input_text","text":")" + std::string(length, 'x') + "\"}]");
    };
    EXPECT_EQ(accepted<CreateItem>(long_item(1'000'000)).item.content.front().text->size(), 1'000'000U);
    const auto refusal = refused(long_item(1U << 20U));
    EXPECT_EQ(refusal.code, "message_too_large");
    EXPECT_EQ(refusal.event_id, "mine");
}

TEST(Decode, takes_fifteen_mebibytes_of_sound_in_an_item) {
    const std::string sound(4U << 20U, 'A');
    const auto message = item(kMessage + R"([{"type":"input_audio","audio":")" + sound + "\"}]");
    EXPECT_EQ(accepted<CreateItem>(message).item.content.front().audio->size(), sound.size() / 4 * 3);
    const auto input = response(R"("input":[{)" + kMessage + R"([{"type":"input_audio","audio":")" + sound + "\"}]}]");
    EXPECT_EQ(accepted<CreateResponse>(input).input->size(), 1U);
    EXPECT_EQ(refused(item(kMessage + R"([{"type":"input_text","audio":")" + sound + R"(","text":")" +
                           std::string(1U << 20U, 'x') + "\"}]"))
                  .code,
              "message_too_large");
}

TEST(Decode, quotes_what_was_sent_only_in_part) {
    const auto refusal = refused(R"({"type":")" + std::string(10'000, 'x') + "\"}");
    EXPECT_LT(refusal.error.text.size(), 200U);
}

}  // namespace
}  // namespace antiphon::protocol
