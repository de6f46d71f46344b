#include "protocol/encode_parts.hpp"

#include "base/utf8.hpp"

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

json::object encode_format(audio::Encoding encoding) {
    switch (encoding) {
        case audio::Encoding::pcm16: return {{"type", "audio/pcm"}, {"rate", rate_of(encoding)}};
        case audio::Encoding::mulaw: return {{"type", "audio/pcmu"}};
        case audio::Encoding::alaw: return {{"type", "audio/pcma"}};
    }
    return {};
}

json::array encode_modalities(bool speaks) { return {speaks ? "audio" : "text"}; }

json::array encode_words(const std::vector<std::string>& words) {
    json::array out;
    for (const auto& word : words) out.emplace_back(encode_text(word));
    return out;
}

json::value encode_truncation(const Session& session) {
    switch (session.truncation.mode) {
        case Truncation::Mode::automatic: return "auto";
        case Truncation::Mode::disabled: return "disabled";
        case Truncation::Mode::retention: break;
    }
    json::object out{{"type", "retention_ratio"}, {"retention_ratio", session.truncation.retention_ratio}};
    if (const auto& limit = session.wire.post_instructions_limit) out["token_limits"] = {{"post_instructions", *limit}};
    return out;
}

std::string_view name_of(Eagerness eagerness) {
    switch (eagerness) {
        case Eagerness::automatic: return "auto";
        case Eagerness::low: return "low";
        case Eagerness::medium: return "medium";
        case Eagerness::high: return "high";
    }
    return "auto";
}

std::string_view name_of(Role role) {
    switch (role) {
        case Role::system: return "system";
        case Role::user: return "user";
        case Role::assistant: return "assistant";
    }
    return "user";
}

std::string_view name_of(ItemStatus status) {
    switch (status) {
        case ItemStatus::in_progress: return "in_progress";
        case ItemStatus::completed: return "completed";
        case ItemStatus::incomplete: return "incomplete";
    }
    return "completed";
}

std::string_view name_of(ResponseStatus status) {
    switch (status) {
        case ResponseStatus::in_progress: return "in_progress";
        case ResponseStatus::completed: return "completed";
        case ResponseStatus::cancelled: return "cancelled";
        case ResponseStatus::incomplete: return "incomplete";
        case ResponseStatus::failed: return "failed";
    }
    return "failed";
}

json::object encode_content(const Content& content) {
    const auto words = [&] { return content.text ? json::value(encode_text(*content.text)) : json::value(nullptr); };
    switch (content.kind) {
        case ContentKind::input_text: return {{"type", "input_text"}, {"text", encode_text(content.text.value_or(""))}};
        // "transcript" must be there even while it is not known: clients read it without asking.
        case ContentKind::input_audio: return {{"type", "input_audio"}, {"transcript", words()}};
        case ContentKind::output_text: return {{"type", "output_text"}, {"text", encode_text(content.text.value_or(""))}};
        case ContentKind::output_audio: return {{"type", "output_audio"}, {"transcript", words()}};
    }
    return {};
}

json::value encode_status_details(const Response& response) {
    if (response.status == ResponseStatus::in_progress) return nullptr;
    json::object details{{"type", name_of(response.status)}};
    if (!response.reason.empty()) details["reason"] = response.reason;
    if (response.status == ResponseStatus::failed)
        details["error"] = {{"type", "server_error"},
                            {"code", encode_text(response.error_code)},
                            {"message", encode_text(response.error_message)}};
    return details;
}

json::value encode_usage(const std::optional<Usage>& usage) {
    if (!usage) return nullptr;
    return json::object{{"total_tokens", usage->input_tokens + usage->output_tokens},
                        {"input_tokens", usage->input_tokens},
                        {"output_tokens", usage->output_tokens},
                        {"input_token_details",
                         {{"text_tokens", usage->input_tokens},
                          {"audio_tokens", 0},
                          {"image_tokens", 0},
                          {"cached_tokens", usage->cached_tokens},
                          {"cached_tokens_details",
                           {{"text_tokens", usage->cached_tokens}, {"audio_tokens", 0}, {"image_tokens", 0}}}}},
                        {"output_token_details", {{"text_tokens", usage->output_tokens}, {"audio_tokens", 0}}}};
}

}  // namespace

json::string encode_text(std::string_view text) {
    if (base::is_utf8(text)) return json::string(text.data(), text.size());
    const std::string repaired = base::to_utf8(text);
    return json::string(repaired.data(), repaired.size());
}

json::value encode_text_or_null(std::string_view text) {
    if (text.empty()) return nullptr;
    return encode_text(text);
}

json::value encode_json(const std::string& text) {
    if (text.empty()) return nullptr;
    boost::system::error_code malformed;
    json::value value = json::parse(text, malformed);
    if (malformed) return nullptr;
    return value;
}

json::value encode_token_limit(const std::optional<int>& limit) {
    if (limit) return *limit;
    return "inf";
}

json::value encode_transcription(const Session& session) {
    if (!session.transcription) return nullptr;
    // Some clients take nothing but a string; this one stands in the API for whichever Whisper there is.
    const std::string& model = session.transcription->model;
    json::object out{{"model", model.empty() ? json::string("whisper-1") : encode_text(model)},
                     {"language", encode_text_or_null(session.transcription->language)},
                     {"prompt", encode_text(session.wire.transcription_prompt)}};
    if (!session.wire.transcription_keywords.empty()) out["keywords"] = encode_words(session.wire.transcription_keywords);
    if (!session.wire.transcription_languages.empty())
        out["languages"] = encode_words(session.wire.transcription_languages);
    if (!session.wire.transcription_delay.empty()) out["delay"] = encode_text(session.wire.transcription_delay);
    return out;
}

json::value encode_turn_detection(const std::optional<TurnDetection>& detection) {
    if (!detection) return nullptr;
    if (const auto& eagerness = detection->semantic)
        return json::object{{"type", "semantic_vad"},
                            {"eagerness", name_of(*eagerness)},
                            {"create_response", detection->create_response},
                            {"interrupt_response", detection->interrupt_response}};
    json::object out{{"type", "server_vad"},
                     {"threshold", detection->threshold},
                     {"prefix_padding_ms", detection->prefix_padding_ms},
                     {"silence_duration_ms", detection->silence_duration_ms},
                     {"idle_timeout_ms", nullptr},
                     {"create_response", detection->create_response},
                     {"interrupt_response", detection->interrupt_response}};
    if (detection->idle_timeout_ms) out["idle_timeout_ms"] = *detection->idle_timeout_ms;
    return out;
}

json::array encode_tools(const std::vector<Tool>& tools) {
    json::array out;
    for (const Tool& tool : tools) {
        json::object one{{"type", "function"}, {"name", encode_text(tool.name)}};
        if (!tool.description.empty()) one["description"] = encode_text(tool.description);
        if (!tool.parameters.empty()) one["parameters"] = encode_json(tool.parameters);
        out.emplace_back(std::move(one));
    }
    return out;
}

json::value encode_tool_choice(const ToolChoice& choice) {
    switch (choice.use) {
        case ToolChoice::Use::automatic: return "auto";
        case ToolChoice::Use::none: return "none";
        case ToolChoice::Use::required: break;
    }
    if (choice.name.empty()) return "required";
    return json::object{{"type", "function"}, {"name", encode_text(choice.name)}};
}

json::object encode_antiphon(const Session& session) {
    return {{"partials", session.partials},
            {"binary_audio", session.wire.binary_audio},
            {"resumable", session.wire.resumable},
            {"agent", encode_text(session.agent)}};
}

json::object encode_session(const Session& session) {
    json::object input{{"format", encode_format(session.input_encoding)},
                       {"transcription", encode_transcription(session)},
                       {"noise_reduction", encode_json(session.wire.noise_reduction_json)},
                       {"turn_detection", encode_turn_detection(session.turn_detection)}};
    if (session.kind == SessionKind::transcription)
        return {{"type", "transcription"},
                {"object", "realtime.transcription_session"},
                {"id", session.id},
                {"include", encode_json(session.wire.include_json)},
                {"audio", {{"input", std::move(input)}}},
                {"antiphon", encode_antiphon(session)}};
    json::object out{{"type", "realtime"},
                     {"object", "realtime.session"},
                     {"id", session.id},
                     {"model", encode_text(session.model)},
                     {"output_modalities", encode_modalities(session.speaks)},
                     {"instructions", encode_text(session.instructions)},
                     {"tools", encode_tools(session.tools)},
                     {"tool_choice", encode_tool_choice(session.tool_choice)},
                     {"parallel_tool_calls", session.parallel_tool_calls},
                     {"max_output_tokens", encode_token_limit(session.max_output_tokens)},
                     {"tracing", encode_json(session.wire.tracing_json)},
                     {"truncation", encode_truncation(session)},
                     {"prompt", nullptr},
                     {"include", encode_json(session.wire.include_json)},
                     {"audio",
                      {{"input", std::move(input)},
                       {"output",
                        {{"format", encode_format(session.output_encoding)},
                         {"voice", encode_text(session.voice)},
                         {"speed", session.speed}}}}},
                     {"antiphon", encode_antiphon(session)}};
    if (!session.wire.reasoning_json.empty()) out["reasoning"] = encode_json(session.wire.reasoning_json);
    return out;
}

json::object encode_item(const Item& item) {
    json::object out{{"id", encode_text(item.id)},
                     {"type", "message"},
                     {"object", "realtime.item"},
                     {"status", name_of(item.status)}};
    switch (item.kind) {
        case ItemKind::message: {
            json::array content;
            for (const Content& part : item.content) content.emplace_back(encode_content(part));
            out["role"] = name_of(item.role);
            out["content"] = std::move(content);
            break;
        }
        case ItemKind::function_call:
            out["type"] = "function_call";
            out["call_id"] = encode_text(item.call_id);
            out["name"] = encode_text(item.name);
            out["arguments"] = encode_text(item.arguments);
            break;
        case ItemKind::function_call_output:
            out["type"] = "function_call_output";
            out["call_id"] = encode_text(item.call_id);
            out["output"] = encode_text(item.output);
            break;
        case ItemKind::reference: out["type"] = "item_reference"; break;
    }
    return out;
}

json::object encode_response(const Response& response) {
    json::array output;
    for (const Item& item : response.output) output.emplace_back(encode_item(item));
    return {{"object", "realtime.response"},
            {"id", response.id},
            {"conversation_id", encode_text_or_null(response.conversation_id)},
            {"status", name_of(response.status)},
            {"status_details", encode_status_details(response)},
            {"output", std::move(output)},
            {"output_modalities", encode_modalities(response.speaks)},
            {"max_output_tokens", encode_token_limit(response.max_output_tokens)},
            {"audio",
             {{"output",
               {{"format", encode_format(response.output_encoding)}, {"voice", encode_text(response.voice)}}}}},
            {"usage", encode_usage(response.usage)},
            {"metadata", encode_json(response.metadata)}};
}

}  // namespace antiphon::protocol
