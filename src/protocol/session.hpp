// The session object of the Realtime API (GA): whole as the server shows it, and in parts as a client
// changes it.
//
// pure.
#pragma once

#include <optional>
#include <string>

namespace antiphon::protocol {

struct TurnDetection {
    double threshold = 0.5;
    int prefix_padding_ms = 300;
    int silence_duration_ms = 500;
    bool create_response = true;
    bool interrupt_response = true;
};

struct Transcription {
    std::string model;
    std::string language;  ///< empty: found out
};

struct Session {
    std::string id;
    std::string model;
    std::string instructions;
    bool speaks = true;  ///< output_modalities ["audio"], else ["text"]
    int input_rate = 24000;
    std::optional<Transcription> transcription;
    std::optional<TurnDetection> turn_detection;
    int output_rate = 24000;
    std::string voice;
    double speed = 1.0;
    std::optional<int> max_output_tokens;  ///< none: "inf"
};

/// What a client says of turn_detection; what is absent stays as it is.
struct TurnDetectionChanges {
    std::optional<double> threshold;
    std::optional<int> prefix_padding_ms;
    std::optional<int> silence_duration_ms;
    std::optional<bool> create_response;
    std::optional<bool> interrupt_response;
};

struct TranscriptionChanges {
    std::optional<std::string> model;
    std::optional<std::string> language;
};

/// The fields of session.update; what is absent stays as it is. An inner empty optional is the wire's null
/// (or "inf"): switch it off.
struct SessionChanges {
    std::optional<std::string> model;
    std::optional<std::string> instructions;
    std::optional<bool> speaks;
    std::optional<int> input_rate;
    std::optional<std::optional<TranscriptionChanges>> transcription;
    std::optional<std::optional<TurnDetectionChanges>> turn_detection;
    std::optional<int> output_rate;
    std::optional<std::string> voice;
    std::optional<double> speed;
    std::optional<std::optional<int>> max_output_tokens;
};

}  // namespace antiphon::protocol
