// The session object of the Realtime API: whole as the server shows it, and in parts as a client changes it.
//
// pure. In the terms of the GA dialect; the beta dialect writes the same things otherwise.
#pragma once

#include "audio/encoding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace antiphon::protocol {

/// Which words a client and the server use. `open`: a client that has not shown it yet; it is spoken to in GA.
enum class Dialect { open, ga, beta };

enum class SessionKind { realtime, transcription };

enum class Eagerness { automatic, low, medium, high };

struct TurnDetection {
    std::optional<Eagerness> semantic;  ///< of semantic_vad; none: server_vad
    double threshold = 0.5;
    int prefix_padding_ms = 300;
    int silence_duration_ms = 500;
    std::optional<int> idle_timeout_ms;
    bool create_response = true;
    bool interrupt_response = true;
};

struct Transcription {
    std::string model;
    std::string language;  ///< empty: found out
};

/// A function of the client's.
struct Tool {
    std::string name;
    std::string description;
    std::string parameters;  ///< a JSON object, empty if none
};

struct ToolChoice {
    enum class Use { automatic, none, required };
    Use use = Use::automatic;
    std::string name;  ///< with `required`: this function; empty: any
};

struct Truncation {
    enum class Mode { automatic, disabled, retention };
    Mode mode = Mode::automatic;
    double retention_ratio = 1.0;  ///< of `retention`
};

/// What a client sets and the wire shows back, but the call does not know. The strings named so are JSON; empty
/// is the wire's null.
struct WireSettings {
    std::string noise_reduction_json;
    std::string tracing_json;
    std::string include_json;
    std::string reasoning_json;
    std::optional<int> post_instructions_limit;  ///< truncation.token_limits.post_instructions
    std::string transcription_prompt;
    std::vector<std::string> transcription_keywords;
    std::vector<std::string> transcription_languages;
    std::string transcription_delay;
    double temperature = 0.8;  ///< of the beta dialect
    bool binary_audio = false;
    bool resumable = false;    ///< the call outlives its channel for a while
};

struct Session {
    std::string id;
    SessionKind kind = SessionKind::realtime;
    std::string model;
    std::string agent;  ///< the named agent it started from, may be empty
    std::string instructions;
    bool speaks = true;  ///< output_modalities ["audio"], else ["text"]
    std::vector<Tool> tools;
    ToolChoice tool_choice;
    bool parallel_tool_calls = true;
    Truncation truncation;
    audio::Encoding input_encoding = audio::Encoding::pcm16;
    std::optional<Transcription> transcription;
    std::optional<TurnDetection> turn_detection;
    bool partials = false;
    audio::Encoding output_encoding = audio::Encoding::pcm16;
    std::string voice;
    double speed = 1.0;
    std::optional<int> max_output_tokens;  ///< none: "inf"
    WireSettings wire;
};

/// What a client says of turn_detection; what is absent stays as it is.
struct TurnDetectionChanges {
    std::optional<bool> semantic;  ///< whether it is semantic_vad
    std::optional<Eagerness> eagerness;
    std::optional<double> threshold;
    std::optional<int> prefix_padding_ms;
    std::optional<int> silence_duration_ms;
    std::optional<std::optional<int>> idle_timeout_ms;
    std::optional<bool> create_response;
    std::optional<bool> interrupt_response;
};

struct TranscriptionChanges {
    std::optional<std::string> model;
    std::optional<std::string> language;
    std::optional<std::string> prompt;
    std::optional<std::vector<std::string>> keywords;
    std::optional<std::vector<std::string>> languages;
    std::optional<std::string> delay;
};

struct TruncationChanges {
    Truncation truncation;
    std::optional<int> post_instructions_limit;
};

/// The fields of session.update; what is absent stays as it is. An inner empty optional is the wire's null
/// (or "inf"): switch it off.
struct SessionChanges {
    SessionKind kind = SessionKind::realtime;
    std::optional<std::string> model;
    std::optional<std::string> instructions;
    std::optional<bool> speaks;
    std::optional<std::vector<Tool>> tools;
    std::optional<ToolChoice> tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::optional<TruncationChanges> truncation;
    std::optional<audio::Encoding> input_encoding;
    std::optional<std::optional<TranscriptionChanges>> transcription;
    std::optional<std::optional<TurnDetectionChanges>> turn_detection;
    std::optional<audio::Encoding> output_encoding;
    std::optional<std::string> voice;
    std::optional<double> speed;
    std::optional<std::optional<int>> max_output_tokens;
    std::optional<std::string> noise_reduction_json;  ///< here and below as in WireSettings
    std::optional<std::string> tracing_json;
    std::optional<std::string> include_json;
    std::optional<std::string> reasoning_json;
    std::optional<double> temperature;
    std::optional<bool> partials;
    std::optional<bool> binary_audio;
    std::optional<bool> resumable;
};

void apply(const SessionChanges& changes, WireSettings& settings);

/// Samples per second of a format on this wire.
constexpr int rate_of(audio::Encoding encoding) { return encoding == audio::Encoding::pcm16 ? 24000 : 8000; }

}  // namespace antiphon::protocol
