#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::int64_t kMaxOutputTokens = 4096;
constexpr std::int64_t kMaxPadding = 5'000;
constexpr std::int64_t kMaxSilence = 30'000;

std::optional<int> to_int(std::optional<std::int64_t> number) {
    if (!number) return std::nullopt;
    return static_cast<int>(*number);  // every range that is asked for fits
}

TurnDetectionChanges decode_turn_detection(const Fields& fields) {
    TurnDetectionChanges changes;
    const auto type = fields.word("type", {"server_vad", "semantic_vad"});
    changes.create_response = fields.flag("create_response");
    changes.interrupt_response = fields.flag("interrupt_response");
    if (type == "semantic_vad") {
        // Taken as server_vad with the timing that is in force: see docs/protocol.md.
        fields.word("eagerness", {"low", "medium", "high", "auto"});
        fields.allow_only({"type", "eagerness", "create_response", "interrupt_response"});
        return changes;
    }
    changes.threshold = fields.number("threshold", 0.0, 1.0);
    changes.prefix_padding_ms = to_int(fields.integer("prefix_padding_ms", 0, kMaxPadding));
    changes.silence_duration_ms = to_int(fields.integer("silence_duration_ms", 0, kMaxSilence));
    if (fields.has("idle_timeout_ms") && !fields.is_null("idle_timeout_ms"))
        fields.unsupported("idle_timeout_ms", "an idle timeout is not supported yet");
    fields.allow_only({"type", "threshold", "prefix_padding_ms", "silence_duration_ms", "create_response",
                       "interrupt_response", "idle_timeout_ms"});
    return changes;
}

TranscriptionChanges decode_transcription(const Fields& fields) {
    TranscriptionChanges changes;
    changes.model = fields.text("model");
    changes.language = fields.is_null("language") ? std::string() : fields.text("language");
    fields.allow_only({"model", "language", "languages", "prompt", "keywords", "delay"});
    return changes;
}

void decode_input(const Fields& fields, SessionChanges& changes) {
    changes.input_rate = decode_format(fields);
    if (fields.is_null("transcription")) {
        changes.transcription.emplace();
    } else if (const auto* transcription = fields.object("transcription")) {
        changes.transcription = decode_transcription({*transcription, fields.path("transcription"), fields.fault()});
    }
    if (fields.is_null("turn_detection")) {
        changes.turn_detection.emplace();
    } else if (const auto* detection = fields.object("turn_detection")) {
        changes.turn_detection = decode_turn_detection({*detection, fields.path("turn_detection"), fields.fault()});
    }
    fields.allow_only({"format", "transcription", "turn_detection", "noise_reduction"});
}

void decode_output(const Fields& fields, SessionChanges& changes) {
    changes.output_rate = decode_format(fields);
    changes.speed = fields.number("speed", 0.25, 1.5);
    const auto* voice = fields.find("voice");
    if (voice != nullptr && voice->is_object())  // a custom voice
        changes.voice = Fields(voice->get_object(), fields.path("voice"), fields.fault()).required_text("id");
    else if (voice != nullptr)
        changes.voice = fields.text("voice");
    fields.allow_only({"format", "voice", "speed"});
}

void decode_audio(const Fields& fields, SessionChanges& changes) {
    if (const auto* input = fields.object("input"))
        decode_input({*input, fields.path("input"), fields.fault()}, changes);
    if (const auto* output = fields.object("output"))
        decode_output({*output, fields.path("output"), fields.fault()}, changes);
    fields.allow_only({"input", "output"});
}

}  // namespace

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

std::optional<std::optional<int>> decode_max_output_tokens(const Fields& fields) {
    const auto* tokens = fields.find("max_output_tokens");
    if (tokens == nullptr) return std::nullopt;
    if (*tokens == "inf") return std::optional<int>();
    if (tokens->is_string()) {
        fields.fail("max_output_tokens", "invalid_value", "must be an integer from 1 to 4096, or 'inf'");
        return std::nullopt;
    }
    if (const auto number = to_int(fields.integer("max_output_tokens", 1, kMaxOutputTokens))) return number;
    return std::nullopt;
}

void refuse_tools(const Fields& fields) {
    const auto* tools = fields.array("tools");
    if (tools != nullptr && !tools->empty()) fields.unsupported("tools", "tools are not supported yet");
    if (const auto* choice = fields.find("tool_choice");
        choice != nullptr && !choice->is_null() && *choice != "auto" && *choice != "none")
        fields.unsupported("tool_choice", "tools are not supported yet, so tool_choice can only be 'auto' or 'none'");
    if (fields.has("prompt") && !fields.is_null("prompt"))
        fields.unsupported("prompt", "stored prompts are not to be had here; send them as instructions");
}

std::optional<int> decode_format(const Fields& parent) {
    const auto* object = parent.object("format");
    if (object == nullptr) return std::nullopt;
    const Fields fields(*object, parent.path("format"), parent.fault());
    const auto type = fields.text("type");
    if (type == "audio/pcmu" || type == "audio/pcma")
        fields.unsupported("type", "the format " + *type + " is not supported yet; audio/pcm at 24000 Hz is");
    else if (type)
        fields.word("type", {"audio/pcm"});
    fields.integer("rate", 24000, 24000);
    fields.allow_only({"type", "rate"});
    return 24000;
}

SessionChanges decode_session(const Fields& fields) {
    SessionChanges changes;
    fields.require("type");
    const auto type = fields.word("type", {"realtime", "transcription"});
    if (type == "transcription") fields.unsupported("type", "transcription sessions are not supported yet");
    changes.model = fields.text("model");
    changes.instructions = fields.text("instructions");
    changes.speaks = decode_modalities(fields);
    changes.max_output_tokens = decode_max_output_tokens(fields);
    refuse_tools(fields);
    if (const auto* audio = fields.object("audio")) decode_audio({*audio, fields.path("audio"), fields.fault()}, changes);
    // The second line has no effect here and does no harm; the third comes back from clients that send the
    // session as they got it.
    fields.allow_only({"type", "model", "instructions", "output_modalities", "max_output_tokens", "tools",
                       "tool_choice", "prompt", "audio",
                       "tracing", "truncation", "include", "parallel_tool_calls", "reasoning",
                       "id", "object", "expires_at", "client_secret"});
    return changes;
}

}  // namespace antiphon::protocol
