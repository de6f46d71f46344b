#include "protocol/encode_parts.hpp"

#include "base/utf8.hpp"

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

json::object encode_format(int rate) { return {{"type", "audio/pcm"}, {"rate", rate}}; }

json::array encode_modalities(bool speaks) { return {speaks ? "audio" : "text"}; }

json::value encode_token_limit(const std::optional<int>& limit) {
    if (limit) return *limit;
    return "inf";
}

json::value encode_transcription(const std::optional<Transcription>& transcription) {
    if (!transcription) return nullptr;
    return json::object{{"model", encode_text_or_null(transcription->model)},
                        {"language", encode_text_or_null(transcription->language)},
                        {"prompt", ""}};
}

json::value encode_turn_detection(const std::optional<TurnDetection>& detection) {
    if (!detection) return nullptr;
    return json::object{{"type", "server_vad"},
                        {"threshold", detection->threshold},
                        {"prefix_padding_ms", detection->prefix_padding_ms},
                        {"silence_duration_ms", detection->silence_duration_ms},
                        {"idle_timeout_ms", nullptr},
                        {"create_response", detection->create_response},
                        {"interrupt_response", detection->interrupt_response}};
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

json::value encode_metadata(const std::string& metadata) {
    if (metadata.empty()) return nullptr;
    boost::system::error_code malformed;
    json::value value = json::parse(metadata, malformed);
    if (malformed) return nullptr;
    return value;
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

json::object encode_session(const Session& session) {
    return {{"type", "realtime"},
            {"object", "realtime.session"},
            {"id", session.id},
            {"model", encode_text(session.model)},
            {"output_modalities", encode_modalities(session.speaks)},
            {"instructions", encode_text(session.instructions)},
            {"tools", json::array()},
            {"tool_choice", "auto"},
            {"max_output_tokens", encode_token_limit(session.max_output_tokens)},
            {"tracing", nullptr},
            {"truncation", "auto"},
            {"prompt", nullptr},
            {"include", nullptr},
            {"audio",
             {{"input",
               {{"format", encode_format(session.input_rate)},
                {"transcription", encode_transcription(session.transcription)},
                {"noise_reduction", nullptr},
                {"turn_detection", encode_turn_detection(session.turn_detection)}}},
              {"output",
               {{"format", encode_format(session.output_rate)},
                {"voice", encode_text(session.voice)},
                {"speed", session.speed}}}}}};
}

json::object encode_item(const Item& item) {
    json::array content;
    for (const Content& part : item.content) content.emplace_back(encode_content(part));
    return {{"id", encode_text(item.id)},
            {"type", "message"},
            {"object", "realtime.item"},
            {"status", name_of(item.status)},
            {"role", name_of(item.role)},
            {"content", std::move(content)}};
}

json::object encode_response(const Response& response) {
    json::array output;
    for (const Item& item : response.output) output.emplace_back(encode_item(item));
    return {{"object", "realtime.response"},
            {"id", response.id},
            {"status", name_of(response.status)},
            {"status_details", encode_status_details(response)},
            {"output", std::move(output)},
            {"output_modalities", encode_modalities(response.speaks)},
            {"max_output_tokens", encode_token_limit(response.max_output_tokens)},
            {"audio",
             {{"output", {{"format", encode_format(response.output_rate)}, {"voice", encode_text(response.voice)}}}}},
            {"usage", encode_usage(response.usage)},
            {"metadata", encode_metadata(response.metadata)}};
}

}  // namespace antiphon::protocol
