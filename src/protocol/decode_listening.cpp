// Readers of what a session says about the caller's sound, and of what is only taken and shown back.
#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::int64_t kMaxPadding = 5'000;
constexpr std::int64_t kMaxSilence = 30'000;
constexpr std::int64_t kShortestIdle = 5'000;
constexpr std::int64_t kLongestIdle = 30'000;

std::optional<int> to_int(std::optional<std::int64_t> number) {
    if (!number) return std::nullopt;
    return static_cast<int>(*number);  // every range that is asked for fits
}

std::optional<std::vector<std::string>> decode_words(const Fields& fields, std::string_view key) {
    const auto* given = fields.array(key);
    if (given == nullptr) return std::nullopt;
    std::vector<std::string> words;
    for (const auto& word : *given) {
        if (!word.is_string()) {
            fields.fail(key, "invalid_type", "must be an array of strings");
            break;
        }
        words.emplace_back(word.get_string());
    }
    return words;
}

/// The field as JSON text, empty for null; none if it is absent.
std::optional<std::string> as_json(const Fields& fields, std::string_view key) {
    const auto* value = fields.find(key);
    if (value == nullptr) return std::nullopt;
    return value->is_null() ? std::string() : json::serialize(*value);
}

}  // namespace

std::optional<TurnDetectionChanges> decode_turn_detection(const Fields& parent) {
    const auto* object = parent.object("turn_detection");
    if (object == nullptr) return std::nullopt;
    const Fields fields(*object, parent.path("turn_detection"), parent.fault());
    TurnDetectionChanges changes;
    const auto type = fields.word("type", {"server_vad", "semantic_vad"});
    if (type) changes.semantic = type == "semantic_vad";
    else if (fields.has("eagerness")) changes.semantic = true;  // nothing else has one
    changes.create_response = fields.flag("create_response");
    changes.interrupt_response = fields.flag("interrupt_response");
    if (changes.semantic.value_or(false)) {
        const auto eagerness = fields.word("eagerness", {"low", "medium", "high", "auto"});
        if (eagerness == "low") changes.eagerness = Eagerness::low;
        else if (eagerness == "medium") changes.eagerness = Eagerness::medium;
        else if (eagerness == "high") changes.eagerness = Eagerness::high;
        else if (eagerness) changes.eagerness = Eagerness::automatic;
        fields.allow_only({"type", "eagerness", "create_response", "interrupt_response", "model_version"});
        return changes;
    }
    changes.threshold = fields.number("threshold", 0.0, 1.0);
    changes.prefix_padding_ms = to_int(fields.integer("prefix_padding_ms", 0, kMaxPadding));
    changes.silence_duration_ms = to_int(fields.integer("silence_duration_ms", 0, kMaxSilence));
    if (fields.is_null("idle_timeout_ms")) changes.idle_timeout_ms.emplace();
    else if (const auto idle = to_int(fields.integer("idle_timeout_ms", kShortestIdle, kLongestIdle)))
        changes.idle_timeout_ms = idle;
    fields.allow_only({"type", "threshold", "prefix_padding_ms", "silence_duration_ms", "create_response",
                       "interrupt_response", "idle_timeout_ms"});
    return changes;
}

std::optional<TranscriptionChanges> decode_transcription(const Fields& parent, std::string_view key) {
    const auto* object = parent.object(key);
    if (object == nullptr) return std::nullopt;
    const Fields fields(*object, parent.path(key), parent.fault());
    TranscriptionChanges changes;
    // Null is what the server shows for a model that was not named, a language that is found out.
    const auto text_or_null = [&](std::string_view name) {
        return fields.is_null(name) ? std::string() : fields.text(name);
    };
    changes.model = text_or_null("model");
    changes.language = text_or_null("language");
    changes.prompt = text_or_null("prompt");
    if (fields.is_null("keywords")) changes.keywords.emplace();
    else changes.keywords = decode_words(fields, "keywords");
    if (fields.is_null("languages")) changes.languages.emplace();
    else changes.languages = decode_words(fields, "languages");
    if (fields.is_null("delay")) changes.delay = "";
    else changes.delay = fields.word("delay", {"minimal", "low", "medium", "high", "xhigh"});
    fields.allow_only({"model", "language", "languages", "prompt", "keywords", "delay"});
    return changes;
}

std::optional<std::string> decode_noise_reduction(const Fields& parent, std::string_view key) {
    if (!parent.is_null(key)) {
        if (const auto* object = parent.object(key)) {
            const Fields fields(*object, parent.path(key), parent.fault());
            fields.word("type", {"near_field", "far_field"});
            fields.number("strength", 0.0, 1.0);
            fields.allow_only({"type", "strength"});
        }
    }
    return as_json(parent, key);
}

std::optional<std::string> decode_tracing(const Fields& fields) {
    const auto* tracing = fields.find("tracing");
    if (tracing != nullptr && tracing->is_string()) fields.word("tracing", {"auto"});
    else if (tracing != nullptr && tracing->is_object()) {
        const Fields inner(tracing->get_object(), fields.path("tracing"), fields.fault());
        if (!inner.is_null("workflow_name")) inner.text("workflow_name");
        if (!inner.is_null("group_id")) inner.text("group_id");
        inner.allow_only({"workflow_name", "group_id", "metadata"});
    } else if (tracing != nullptr && !tracing->is_null()) {
        fields.fail("tracing", "invalid_type", "must be 'auto', an object or null");
    }
    return as_json(fields, "tracing");
}

std::optional<std::string> decode_include(const Fields& fields) {
    if (fields.is_null("include")) return std::string();
    const auto words = decode_words(fields, "include");
    if (!words) return std::nullopt;
    for (const auto& word : *words)
        if (word != "item.input_audio_transcription.logprobs")
            fields.fail("include", "invalid_value", "can only ask for 'item.input_audio_transcription.logprobs'");
    return as_json(fields, "include");
}

std::optional<std::string> decode_reasoning(const Fields& fields) {
    if (!fields.is_null("reasoning")) {
        if (const auto* object = fields.object("reasoning")) {
            const Fields inner(*object, fields.path("reasoning"), fields.fault());
            if (!inner.is_null("effort")) inner.word("effort", {"minimal", "low", "medium", "high", "xhigh"});
            inner.allow_only({"effort"});
        }
    }
    return as_json(fields, "reasoning");
}

void decode_antiphon(const Fields& parent, SessionChanges& changes) {
    const auto* object = parent.object("antiphon");
    if (object == nullptr) return;
    const Fields fields(*object, parent.path("antiphon"), parent.fault());
    changes.partials = fields.flag("partials");
    changes.binary_audio = fields.flag("binary_audio");
    changes.resumable = fields.flag("resumable");
    fields.text("agent");  // chosen when the call begins; it only comes back from who sends the session as it was
    fields.allow_only({"partials", "binary_audio", "resumable", "agent"});
}

}  // namespace antiphon::protocol
