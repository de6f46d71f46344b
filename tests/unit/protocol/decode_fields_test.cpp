// Every field of every event that a client sends: left out, null, of each wrong type, huge, negative, empty, text
// that is no number. Each is accepted as the table says or refused by its own name; nothing else happens.
#include "protocol/decode.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace antiphon::protocol {
namespace {

namespace json = boost::json;

/// Of which JSON types a field may be: (t)ext, (n)umber, (b)oolean, (o)bject, (a)rray, nul(l).
struct Field {
    std::string types;
    bool required = false;
    std::string named{};  ///< by which a refusal names it, where not by its own path
};
using FieldTable = std::map<std::string, Field>;

struct Event {
    std::string name;
    Dialect dialect;
    std::string text;  ///< with every field there is, valid
    FieldTable fields;
};

FieldTable with(FieldTable fields) {
    fields.insert({{"type", {"t", true}}, {"event_id", {"tl"}}});
    return fields;
}

const FieldTable kToolFields{{"tools", {"a"}},
                             {"tools[0]", {"o", true}},
                             {"tools[0].type", {"t", true}},
                             {"tools[0].name", {"t", true}},
                             {"tools[0].description", {"tl"}},
                             {"tools[0].parameters", {"ol"}},
                             {"tools[0].parameters.type", {"tnboal"}},
                             {"tools[0].strict", {"tnboal"}},
                             {"tool_choice", {"to"}},
                             {"tool_choice.type", {"t", true}},
                             {"tool_choice.name", {"t", true}}};

const FieldTable kTranscriptionFields{{"", {"ol"}},           {".model", {"tl"}},     {".language", {"tl"}},
                                      {".prompt", {"tl"}},    {".keywords", {"al"}},  {".keywords[0]", {"t", false, ".keywords"}},
                                      {".languages", {"al"}}, {".languages[0]", {"t", false, ".languages"}},
                                      {".delay", {"tl"}}};

const FieldTable kServerVadFields{{"", {"ol"}},
                                  {".type", {"t"}},
                                  {".threshold", {"n"}},
                                  {".prefix_padding_ms", {"n"}},
                                  {".silence_duration_ms", {"n"}},
                                  {".idle_timeout_ms", {"nl"}},
                                  {".create_response", {"b"}},
                                  {".interrupt_response", {"b"}}};

const FieldTable kNoiseFields{{"", {"ol"}}, {".type", {"t"}}, {".strength", {"n"}}};

FieldTable under(const std::string& prefix, const FieldTable& fields) {
    FieldTable out;
    for (const auto& [name, field] : fields)
        out[prefix + name] = {field.types, field.required, field.named.empty() ? "" : prefix + field.named};
    return out;
}

FieldTable joined(std::initializer_list<FieldTable> tables) {
    FieldTable out;
    for (const auto& table : tables) out.insert(table.begin(), table.end());
    return with(out);
}

const std::string kServerVad =
    R"({"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,
        "idle_timeout_ms":6000,"create_response":true,"interrupt_response":true})";
const std::string kTranscription =
    R"({"model":"whisper-1","language":"en","prompt":"p","keywords":["k"],"languages":["en"],"delay":"low"})";
const std::string kTools =
    R"("tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true}],
       "tool_choice":{"type":"function","name":"f"})";
const std::string kUpdate = R"({"type":"session.update","event_id":"e","session":{)";
const std::string kCreate = R"({"type":"conversation.item.create","event_id":"e","item":{"id":"i","status":"completed",)";

FieldTable format(const std::string& at) {
    return {{at, {"o"}}, {at + ".type", {"t"}}, {at + ".rate", {"n"}}};
}

const FieldTable kCreateFields{{"item", {"o", true}}, {"item.id", {"tl"}}, {"item.status", {"tl"}}, {"item.type", {"t", true}}};
const FieldTable kMessageFields{{"item.role", {"t", true}}, {"item.content", {"a", true}}, {"item.content[0]", {"o", true}},
                                {"item.content[0].type", {"t", true}}};

std::vector<Event> every_event() {
    std::vector<Event> events;
    events.push_back(
        {"session.update", Dialect::ga,
         kUpdate + R"("type":"realtime","model":"m","instructions":"i","output_modalities":["audio"],
             "max_output_tokens":5,"parallel_tool_calls":true,"prompt":null,
             "tracing":{"workflow_name":"w","group_id":"g","metadata":{}},"include":["item.input_audio_transcription.logprobs"],
             "truncation":{"type":"retention_ratio","retention_ratio":0.5,"token_limits":{"post_instructions":8000}},
             "reasoning":{"effort":"low"},"antiphon":{"partials":true,"binary_audio":true,"resumable":true,"agent":"a"},)" + kTools +
             R"(,"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"noise_reduction":{"type":"near_field","strength":0.5},
             "transcription":)" + kTranscription + R"(,"turn_detection":)" + kServerVad +
             R"(},"output":{"format":{"type":"audio/pcm","rate":24000},"voice":{"id":"v"},"speed":1.0}}}})",
         joined({{{"session", {"o", true}},
                  {"session.type", {"t", true}},
                  {"session.model", {"t"}},
                  {"session.instructions", {"t"}},
                  {"session.output_modalities", {"a"}},
                  {"session.output_modalities[0]", {"t", true, "session.output_modalities"}},
                  {"session.max_output_tokens", {"nt"}},
                  {"session.parallel_tool_calls", {"b"}},
                  {"session.prompt", {"l"}},
                  {"session.tracing", {"tol"}},
                  {"session.tracing.workflow_name", {"tl"}},
                  {"session.tracing.group_id", {"tl"}},
                  {"session.tracing.metadata", {"tnboal"}},
                  {"session.include", {"al"}},
                  {"session.include[0]", {"t", false, "session.include"}},
                  {"session.truncation", {"to"}},
                  {"session.truncation.type", {"t", true}},
                  {"session.truncation.retention_ratio", {"n", true}},
                  {"session.truncation.token_limits", {"ol"}},
                  {"session.truncation.token_limits.post_instructions", {"nl"}},
                  {"session.reasoning", {"ol"}},
                  {"session.reasoning.effort", {"tl"}},
                  {"session.antiphon", {"o"}},
                  {"session.antiphon.partials", {"b"}},
                  {"session.antiphon.binary_audio", {"b"}},
                  {"session.antiphon.resumable", {"b"}},
                  {"session.antiphon.agent", {"t"}},
                  {"session.audio", {"o"}},
                  {"session.audio.input", {"o"}},
                  {"session.audio.output", {"o"}},
                  {"session.audio.output.voice", {"to"}},
                  {"session.audio.output.voice.id", {"t", true}},
                  {"session.audio.output.speed", {"n"}}},
                 format("session.audio.input.format"), format("session.audio.output.format"),
                 under("session.", kToolFields), under("session.audio.input.noise_reduction", kNoiseFields),
                 under("session.audio.input.transcription", kTranscriptionFields),
                 under("session.audio.input.turn_detection", kServerVadFields)})});
    events.push_back({"session.update semantic_vad", Dialect::ga,
                      kUpdate + R"("type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad",
                          "eagerness":"low","create_response":true,"interrupt_response":true}}}}})",
                      with({{"session", {"o", true}},
                            {"session.type", {"t", true}},
                            {"session.audio", {"o"}},
                            {"session.audio.input", {"o"}},
                            {"session.audio.input.turn_detection", {"ol"}},
                            {"session.audio.input.turn_detection.type", {"t"}},
                            {"session.audio.input.turn_detection.eagerness", {"t"}},
                            {"session.audio.input.turn_detection.create_response", {"b"}},
                            {"session.audio.input.turn_detection.interrupt_response", {"b"}}})});
    events.push_back({"session.update transcription", Dialect::ga,
                      kUpdate + R"("type":"transcription","include":null,"audio":{"input":{"format":{"type":"audio/pcmu"},
                          "transcription":)" + kTranscription + R"(,"turn_detection":)" + kServerVad + "}}}}",
                      joined({{{"session", {"o", true}},
                               {"session.type", {"t", true}},
                               {"session.include", {"al"}},
                               {"session.audio", {"o"}},
                               {"session.audio.input", {"o"}},
                               {"session.audio.input.format", {"o"}},
                               {"session.audio.input.format.type", {"t"}}},
                              under("session.audio.input.transcription", kTranscriptionFields),
                              under("session.audio.input.turn_detection", kServerVadFields)})});
    events.push_back(
        {"session.update beta", Dialect::beta,
         kUpdate + R"("model":"m","instructions":"i","modalities":["text"],"voice":{"id":"v"},"speed":1.0,
             "input_audio_format":"pcm16","output_audio_format":"pcm16","temperature":0.8,"prompt":null,
             "max_response_output_tokens":5,"tracing":"auto","include":null,"antiphon":{},
             "input_audio_noise_reduction":{"type":"near_field","strength":0.5},)" + kTools +
             R"(,"input_audio_transcription":)" + kTranscription + R"(,"turn_detection":)" + kServerVad + "}}",
         joined({{{"session", {"o", true}},
                  {"session.model", {"t"}},
                  {"session.instructions", {"t"}},
                  {"session.modalities", {"a"}},
                  {"session.modalities[0]", {"t", true, "session.modalities"}},
                  {"session.voice", {"to"}},
                  {"session.voice.id", {"t", true}},
                  {"session.speed", {"n"}},
                  {"session.input_audio_format", {"t"}},
                  {"session.output_audio_format", {"t"}},
                  {"session.temperature", {"nl"}},
                  {"session.prompt", {"l"}},
                  {"session.max_response_output_tokens", {"ntl"}},
                  {"session.tracing", {"tol"}},
                  {"session.include", {"al"}},
                  {"session.antiphon", {"o"}}},
                 under("session.", kToolFields), under("session.input_audio_noise_reduction", kNoiseFields),
                 under("session.input_audio_transcription", kTranscriptionFields),
                 under("session.turn_detection", kServerVadFields)})});
    events.push_back({"input_audio_buffer.append", Dialect::ga,
                      R"({"type":"input_audio_buffer.append","event_id":"e","audio":"AAAA"})",
                      with({{"audio", {"t", true}}})});
    for (const auto* bare : {"input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"})
        events.push_back({bare, Dialect::ga, R"({"type":")" + std::string(bare) + R"(","event_id":"e"})", with({})});
    events.push_back(
        {"conversation.item.create text", Dialect::ga,
         kCreate + R"("type":"message","role":"user","content":[{"type":"input_text","text":"x"}]},"previous_item_id":"p"})",
         joined({kCreateFields, kMessageFields, {{"previous_item_id", {"tl"}}, {"item.content[0].text", {"t", true}}}})});
    events.push_back({"conversation.item.create sound", Dialect::ga,
                      kCreate + R"("type":"message","role":"user","content":[{"type":"input_audio","audio":"AAAA",
                          "transcript":null}]}})",
                      joined({kCreateFields, kMessageFields,
                              {{"item.content[0].audio", {"t", true}}, {"item.content[0].transcript", {"tl"}}}})});
    events.push_back({"conversation.item.create answer", Dialect::ga,
                      kCreate + R"("type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]}})",
                      joined({kCreateFields, kMessageFields, {{"item.content[0].text", {"t", true}}}})});
    events.push_back({"conversation.item.create function_call", Dialect::ga,
                      kCreate + R"("type":"function_call","call_id":"c","name":"f","arguments":"{}"}})",
                      joined({kCreateFields,
                              {{"item.call_id", {"tl"}}, {"item.name", {"t", true}}, {"item.arguments", {"t", true}}}})});
    events.push_back({"conversation.item.create function_call_output", Dialect::ga,
                      kCreate + R"("type":"function_call_output","call_id":"c","output":"o"}})",
                      joined({kCreateFields, {{"item.call_id", {"t", true}}, {"item.output", {"t", true}}}})});
    for (const auto* one : {"conversation.item.retrieve", "conversation.item.delete"})
        events.push_back({one, Dialect::ga, R"({"type":")" + std::string(one) + R"(","event_id":"e","item_id":"i"})",
                          with({{"item_id", {"t", true}}})});
    events.push_back({"conversation.item.truncate", Dialect::ga,
                      R"({"type":"conversation.item.truncate","event_id":"e","item_id":"i","content_index":0,"audio_end_ms":5})",
                      with({{"item_id", {"t", true}}, {"content_index", {"n"}}, {"audio_end_ms", {"n", true}}})});
    const std::string input = R"("input":[{"type":"item_reference","id":"i"}])";
    const FieldTable answer{{"response", {"ol"}},
                            {"response.instructions", {"tl"}},
                            {"response.metadata", {"ol"}},
                            {"response.metadata.a", {"t", false, "response.metadata"}},
                            {"response.conversation", {"t"}},
                            {"response.prompt", {"l"}},
                            {"response.input", {"a"}},
                            {"response.input[0]", {"o"}},
                            {"response.input[0].type", {"t", true}},
                            {"response.input[0].id", {"t", true}}};
    events.push_back(
        {"response.create", Dialect::ga,
         R"({"type":"response.create","event_id":"e","response":{"instructions":"i","output_modalities":["text"],
             "max_output_tokens":"inf","metadata":{"a":"b"},"conversation":"none","prompt":null,"parallel_tool_calls":true,
             "reasoning":{"effort":"low"},"audio":{"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"v"}},)" +
             kTools + "," + input + "}}",
         joined({answer,
                 {{"response.output_modalities", {"a"}},
                  {"response.output_modalities[0]", {"t", true, "response.output_modalities"}},
                  {"response.max_output_tokens", {"nt"}},
                  {"response.parallel_tool_calls", {"b"}},
                  {"response.reasoning", {"ol"}},
                  {"response.reasoning.effort", {"tl"}},
                  {"response.audio", {"o"}},
                  {"response.audio.output", {"o"}},
                  {"response.audio.output.voice", {"to"}}},
                 format("response.audio.output.format"), under("response.", kToolFields)})});
    events.push_back(
        {"response.create beta", Dialect::beta,
         R"({"type":"response.create","event_id":"e","response":{"instructions":"i","modalities":["text"],"voice":"v",
             "output_audio_format":"pcm16","max_response_output_tokens":5,"temperature":0.8,"metadata":{"a":"b"},
             "conversation":"none","prompt":null,)" + kTools + "," + input + "}}",
         joined({answer,
                 {{"response.modalities", {"a"}},
                  {"response.modalities[0]", {"t", true, "response.modalities"}},
                  {"response.voice", {"to"}},
                  {"response.output_audio_format", {"t"}},
                  {"response.max_response_output_tokens", {"ntl"}},
                  {"response.temperature", {"nl"}}},
                 under("response.", kToolFields)})});
    events.push_back({"response.cancel", Dialect::ga, R"({"type":"response.cancel","event_id":"e","response_id":"r"})",
                      with({{"response_id", {"tl"}}})});
    return events;
}

char type_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return 'l';
        case json::kind::bool_: return 'b';
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_: return 'n';
        case json::kind::string: return 't';
        case json::kind::array: return 'a';
        case json::kind::object: return 'o';
    }
    return '?';
}

std::vector<json::value> other_values() {
    return {nullptr,          true,
            7,                -1,
            0.5,              1e308,
            -1e308,           std::uint64_t{18446744073709551615U},
            "",               "NaN",
            std::string(100'000, 'x').c_str(), "\xF0\x9F\x90\xA6",
            json::object(),   json::object{{"nonsense", 1}},
            json::array(),    json::array{7},
            json::array{nullptr}};
}

/// Calls `each` with the name of every field in the value and its place.
template <typename Each>
void for_each_field(json::value& value, const std::string& path, Each each) {
    if (auto* object = value.if_object()) {
        for (auto& field : *object) {
            const std::string name = (path.empty() ? "" : path + ".") + std::string(field.key());
            each(name, field.value());
            for_each_field(field.value(), name, each);
        }
    } else if (auto* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            const std::string name = path + "[" + std::to_string(i) + "]";
            each(name, (*array)[i]);
            for_each_field((*array)[i], name, each);
        }
    }
}

/// The event with the named field changed, or gone for want of a value.
std::string changed(const Event& event, const std::string& name, const json::value* to) {
    json::value document = json::parse(event.text);
    if (to != nullptr) {
        json::value* place = nullptr;
        for_each_field(document, "", [&](const std::string& at, json::value& value) {
            if (at == name) place = &value;
        });
        *place = *to;
        return json::serialize(document);
    }
    const auto dot = name.rfind('.');
    json::value* parent = &document;
    if (dot != std::string::npos)
        for_each_field(document, "", [&](const std::string& at, json::value& value) {
            if (at == name.substr(0, dot)) parent = &value;
        });
    parent->as_object().erase(name.substr(dot == std::string::npos ? 0 : dot + 1));
    return json::serialize(document);
}

class EveryField : public testing::TestWithParam<Event> {};

TEST_P(EveryField, is_in_the_table_and_the_event_is_valid) {
    const Event& event = GetParam();
    const auto decoded = decode(event.text, event.dialect);
    if (const auto* refusal = std::get_if<Refusal>(&decoded)) FAIL() << refusal->error.text << "\n" << event.text;
    json::value document = json::parse(event.text);
    std::set<std::string> seen;
    for_each_field(document, "", [&](const std::string& name, json::value&) { seen.insert(name); });
    for (const auto& [name, field] : event.fields)
        EXPECT_TRUE(seen.contains(name)) << name;
    for (const auto& name : seen) EXPECT_TRUE(event.fields.contains(name)) << name << " is not in the table";
}

TEST_P(EveryField, may_be_left_out_or_is_missed) {
    const Event& event = GetParam();
    for (const auto& [name, field] : event.fields) {
        if (name.back() == ']') continue;
        const std::string message = changed(event, name, nullptr);
        const auto decoded = decode(message, event.dialect);
        const auto* refusal = std::get_if<Refusal>(&decoded);
        EXPECT_EQ(refusal != nullptr, field.required) << name << "\n" << message << (refusal ? refusal->error.text : "");
        if (refusal == nullptr) continue;
        EXPECT_EQ(refusal->code, "missing_required_parameter") << name;
        EXPECT_EQ(refusal->error.param, name);
        EXPECT_EQ(refusal->event_id, "e") << name;
    }
}

TEST_P(EveryField, takes_its_types_and_refuses_others_by_name) {
    const Event& event = GetParam();
    for (const auto& [name, field] : event.fields) {
        const std::string param = field.named.empty() ? name : field.named;
        for (const json::value& value : other_values()) {
            const std::string message = changed(event, name, &value);
            SCOPED_TRACE(name + " = " + json::serialize(value).substr(0, 40));
            const auto decoded = decode(message, event.dialect);
            const auto* refusal = std::get_if<Refusal>(&decoded);
            const bool right_type = field.types.find(type_of(value)) != std::string::npos;
            if (refusal == nullptr) {
                EXPECT_TRUE(right_type) << "was accepted";
                continue;
            }
            EXPECT_FALSE(refusal->error.text.empty());
            EXPECT_LT(refusal->error.text.size(), 400U);
            EXPECT_TRUE(refusal->error.param.starts_with(param)) << refusal->error.param << ": " << refusal->error.text;
            EXPECT_EQ(refusal->event_id, name == "event_id" ? "" : "e");
            if (!right_type && field.named.empty() && name != "session.prompt" && name != "response.prompt") {
                EXPECT_EQ(refusal->error.param, param);
                EXPECT_TRUE(refusal->code == "invalid_type" || refusal->code == "missing_required_parameter")
                    << refusal->code << ": " << refusal->error.text;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Events, EveryField, testing::ValuesIn(every_event()), [](const auto& event) {
    std::string name = event.param.name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '.' || c == ' '; }, '_');
    return name;
});

TEST(EveryEvent, is_in_the_table_above) {
    std::set<std::string> tested;
    for (const auto& event : every_event()) tested.insert(event.name.substr(0, event.name.find(' ')));
    const auto known = client_event_types();
    EXPECT_EQ(tested, (std::set<std::string>(known.begin(), known.end())));
}

}  // namespace
}  // namespace antiphon::protocol
