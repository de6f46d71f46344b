#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::int64_t kMaxOutputTokens = 4096;

std::optional<bool> decode_modalities(const Fields& fields) {
    const auto* modalities = fields.array("output_modalities");
    if (modalities == nullptr) return std::nullopt;
    if (modalities->size() == 1) {
        if (modalities->front() == "audio") return true;
        if (modalities->front() == "text") return false;
    }
    fields.fail("output_modalities", "invalid_value", R"(must be ["audio"] or ["text"])");
    return std::nullopt;
}

/// The encoding of an audio format; none if the field is absent.
std::optional<audio::Encoding> decode_format(const Fields& parent) {
    const auto* object = parent.object("format");
    if (object == nullptr) return std::nullopt;
    const Fields fields(*object, parent.path("format"), parent.fault());
    const auto type = fields.word("type", {"audio/pcm", "audio/pcmu", "audio/pcma"});
    audio::Encoding encoding = audio::Encoding::pcm16;
    if (type == "audio/pcmu") encoding = audio::Encoding::mulaw;
    if (type == "audio/pcma") encoding = audio::Encoding::alaw;
    fields.integer("rate", rate_of(encoding), rate_of(encoding));
    fields.allow_only({"type", "rate"});
    return encoding;
}

std::optional<TruncationChanges> decode_truncation(const Fields& parent) {
    const auto* value = parent.find("truncation");
    if (value == nullptr) return std::nullopt;
    TruncationChanges changes;
    const auto* object = value->if_object();
    if (object == nullptr) {
        if (parent.word("truncation", {"auto", "disabled"}) == "disabled")
            changes.truncation.mode = Truncation::Mode::disabled;
        return changes;
    }
    const Fields fields(*object, parent.path("truncation"), parent.fault());
    fields.require("type");
    fields.word("type", {"retention_ratio"});
    fields.require("retention_ratio");
    changes.truncation.mode = Truncation::Mode::retention;
    changes.truncation.retention_ratio = fields.number("retention_ratio", 0.0, 1.0).value_or(1.0);
    if (!fields.is_null("token_limits")) {
        if (const auto* given = fields.object("token_limits")) {
            const Fields limits(*given, fields.path("token_limits"), fields.fault());
            if (!limits.is_null("post_instructions"))
                if (const auto limit = limits.integer("post_instructions", 0, 1'000'000'000))
                    changes.post_instructions_limit = static_cast<int>(*limit);
            limits.allow_only({"post_instructions"});
        }
    }
    fields.allow_only({"type", "retention_ratio", "token_limits"});
    return changes;
}

void decode_input(const Fields& fields, SessionChanges& changes) {
    changes.input_encoding = decode_format(fields);
    if (fields.is_null("transcription")) changes.transcription.emplace();
    else if (auto transcription = decode_transcription(fields, "transcription"))
        changes.transcription = std::move(transcription);
    if (fields.is_null("turn_detection")) changes.turn_detection.emplace();
    else if (auto detection = decode_turn_detection(fields)) changes.turn_detection = detection;
    changes.noise_reduction_json = decode_noise_reduction(fields, "noise_reduction");
    fields.allow_only({"format", "transcription", "turn_detection", "noise_reduction"});
}

void decode_output(const Fields& fields, SessionChanges& changes) {
    changes.output_encoding = decode_format(fields);
    changes.speed = fields.number("speed", 0.25, 1.5);
    changes.voice = decode_voice(fields);
    fields.allow_only({"format", "voice", "speed"});
}

void decode_audio(const Fields& parent, SessionChanges& changes) {
    const auto* object = parent.object("audio");
    if (object == nullptr) return;
    const Fields fields(*object, parent.path("audio"), parent.fault());
    if (const auto* input = fields.object("input")) decode_input({*input, fields.path("input"), fields.fault()}, changes);
    if (changes.kind == SessionKind::transcription) return fields.allow_only({"input"});
    if (const auto* output = fields.object("output"))
        decode_output({*output, fields.path("output"), fields.fault()}, changes);
    fields.allow_only({"input", "output"});
}

void decode_response_audio(const Fields& parent, CreateResponse& response) {
    const auto* object = parent.object("audio");
    if (object == nullptr) return;
    const Fields fields(*object, parent.path("audio"), parent.fault());
    if (const auto* given = fields.object("output")) {
        const Fields output(*given, fields.path("output"), fields.fault());
        response.output_encoding = decode_format(output);
        response.voice = decode_voice(output);
        output.allow_only({"format", "voice"});
    }
    fields.allow_only({"output"});
}

}  // namespace

std::optional<std::optional<int>> decode_max_output_tokens(const Fields& fields, std::string_view key) {
    const auto* tokens = fields.find(key);
    if (tokens == nullptr) return std::nullopt;
    if (*tokens == "inf") return std::optional<int>();
    if (tokens->is_string()) {
        fields.fail(key, "invalid_value", "must be an integer from 1 to 4096, or 'inf'");
        return std::nullopt;
    }
    if (const auto number = fields.integer(key, 1, kMaxOutputTokens)) return static_cast<int>(*number);
    return std::nullopt;
}

std::optional<std::string> decode_voice(const Fields& fields) {
    const auto* voice = fields.find("voice");
    if (voice == nullptr) return std::nullopt;
    if (const auto* custom = voice->if_object())
        return Fields(*custom, fields.path("voice"), fields.fault()).required_text("id");
    if (!voice->is_string()) fields.fail("voice", "invalid_type", "must be a string or an object with an id");
    return voice->is_string() ? fields.text("voice") : std::nullopt;
}

void refuse_prompt(const Fields& fields) {
    if (fields.has("prompt") && !fields.is_null("prompt"))
        fields.unsupported("prompt", "stored prompts are not to be had here; send them as instructions");
}

SessionChanges decode_session(const Fields& fields) {
    SessionChanges changes;
    fields.require("type");
    const auto type = fields.word("type", {"realtime", "transcription"});
    if (type == "transcription") changes.kind = SessionKind::transcription;
    changes.include_json = decode_include(fields);
    decode_audio(fields, changes);
    decode_antiphon(fields, changes);
    // Of those that are passed over, some come back from clients that send the session as they got it.
    if (changes.kind == SessionKind::transcription) {
        fields.allow_only({"type", "audio", "include", "antiphon", "id", "object", "expires_at", "client_secret"});
        return changes;
    }
    changes.model = fields.text("model");
    changes.instructions = fields.text("instructions");
    changes.speaks = decode_modalities(fields);
    changes.max_output_tokens = decode_max_output_tokens(fields, "max_output_tokens");
    changes.tools = decode_tools(fields);
    changes.tool_choice = decode_tool_choice(fields);
    changes.parallel_tool_calls = fields.flag("parallel_tool_calls");
    changes.truncation = decode_truncation(fields);
    changes.tracing_json = decode_tracing(fields);
    changes.reasoning_json = decode_reasoning(fields);
    refuse_prompt(fields);
    fields.allow_only({"type", "model", "instructions", "output_modalities", "max_output_tokens", "tools", "tool_choice",
                       "parallel_tool_calls", "prompt", "audio", "tracing", "truncation", "include", "reasoning",
                       "antiphon", "id", "object", "expires_at", "client_secret"});
    return changes;
}

CreateResponse decode_response(const Fields& fields) {
    CreateResponse response;
    if (!fields.is_null("instructions")) response.instructions = fields.text("instructions");
    response.speaks = decode_modalities(fields);
    response.max_output_tokens = decode_max_output_tokens(fields, "max_output_tokens");
    response.metadata = decode_metadata(fields);
    response.in_conversation = fields.word("conversation", {"auto", "none"}) != "none";
    response.tools = decode_tools(fields);
    response.tool_choice = decode_tool_choice(fields);
    response.parallel_tool_calls = fields.flag("parallel_tool_calls");
    refuse_prompt(fields);
    decode_reasoning(fields);
    if (fields.array("input") != nullptr) response.input = decode_input_items(fields);
    decode_response_audio(fields, response);
    fields.allow_only({"instructions", "output_modalities", "max_output_tokens", "metadata", "conversation", "tools",
                       "tool_choice", "prompt", "input", "audio", "parallel_tool_calls", "reasoning"});
    return response;
}

}  // namespace antiphon::protocol
