// The session and the response as the beta dialect writes them: flat, with names of its own. What comes out is
// the same as from GA. Everything else a client sends is the same in both.
#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr double kLowestTemperature = 0.0;
constexpr double kHighestTemperature = 2.0;

/// ["text"], or both of "text" and "audio" in any order; ["audio"] means the same as both.
std::optional<bool> decode_modalities(const Fields& fields) {
    const auto* modalities = fields.array("modalities");
    if (modalities == nullptr) return std::nullopt;
    bool text = false;
    bool audio = false;
    bool other = false;
    for (const auto& modality : *modalities) {
        if (modality == "text" && !text) text = true;
        else if (modality == "audio" && !audio) audio = true;
        else other = true;
    }
    if (other || (!text && !audio)) {
        fields.fail("modalities", "invalid_value", R"(must be ["text", "audio"] or ["text"])");
        return std::nullopt;
    }
    return audio;
}

std::optional<audio::Encoding> decode_format(const Fields& fields, std::string_view key) {
    const auto name = fields.word(key, {"pcm16", "g711_ulaw", "g711_alaw"});
    if (!name) return std::nullopt;
    if (name == "g711_ulaw") return audio::Encoding::mulaw;
    if (name == "g711_alaw") return audio::Encoding::alaw;
    return audio::Encoding::pcm16;
}

std::optional<double> decode_temperature(const Fields& fields) {
    if (fields.is_null("temperature")) return std::nullopt;
    return fields.number("temperature", kLowestTemperature, kHighestTemperature);
}

std::optional<std::optional<int>> decode_limit(const Fields& fields) {
    if (fields.is_null("max_response_output_tokens")) return std::optional<int>();
    return decode_max_output_tokens(fields, "max_response_output_tokens");
}

}  // namespace

SessionChanges decode_beta_session(const Fields& fields) {
    SessionChanges changes;
    changes.model = fields.text("model");
    changes.instructions = fields.text("instructions");
    changes.speaks = decode_modalities(fields);
    changes.voice = decode_voice(fields);
    changes.speed = fields.number("speed", 0.25, 1.5);
    changes.input_encoding = decode_format(fields, "input_audio_format");
    changes.output_encoding = decode_format(fields, "output_audio_format");
    if (fields.is_null("input_audio_transcription")) changes.transcription.emplace();
    else if (auto transcription = decode_transcription(fields, "input_audio_transcription"))
        changes.transcription = std::move(transcription);
    changes.noise_reduction_json = decode_noise_reduction(fields, "input_audio_noise_reduction");
    if (fields.is_null("turn_detection")) changes.turn_detection.emplace();
    else if (auto detection = decode_turn_detection(fields)) changes.turn_detection = detection;
    changes.tools = decode_tools(fields);
    changes.tool_choice = decode_tool_choice(fields);
    changes.temperature = decode_temperature(fields);
    changes.max_output_tokens = decode_limit(fields);
    changes.tracing_json = decode_tracing(fields);
    changes.include_json = decode_include(fields);
    decode_antiphon(fields, changes);
    refuse_prompt(fields);
    fields.allow_only({"model", "instructions", "modalities", "voice", "speed", "input_audio_format",
                       "output_audio_format", "input_audio_transcription", "input_audio_noise_reduction",
                       "turn_detection", "tools", "tool_choice", "temperature", "max_response_output_tokens",
                       "tracing", "include", "antiphon", "prompt", "id", "object", "expires_at", "client_secret"});
    return changes;
}

CreateResponse decode_beta_response(const Fields& fields) {
    CreateResponse response;
    if (!fields.is_null("instructions")) response.instructions = fields.text("instructions");
    response.speaks = decode_modalities(fields);
    response.voice = decode_voice(fields);
    response.output_encoding = decode_format(fields, "output_audio_format");
    // The later betas had both names for it.
    response.max_output_tokens =
        fields.has("max_output_tokens") ? decode_max_output_tokens(fields, "max_output_tokens") : decode_limit(fields);
    decode_temperature(fields);
    response.metadata = decode_metadata(fields);
    response.in_conversation = fields.word("conversation", {"auto", "none"}) != "none";
    response.tools = decode_tools(fields);
    response.tool_choice = decode_tool_choice(fields);
    refuse_prompt(fields);
    if (fields.array("input") != nullptr) response.input = decode_input_items(fields);
    fields.allow_only({"instructions", "modalities", "voice", "output_audio_format", "max_response_output_tokens",
                       "max_output_tokens", "temperature", "metadata", "conversation", "tools", "tool_choice", "prompt",
                       "input"});
    return response;
}

}  // namespace antiphon::protocol
