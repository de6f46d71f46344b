// What a caller can choose about a call: the Realtime API's session object, typed.
//
// pure.
#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string>

namespace antiphon::call {

/// When the caller's turn begins and ends by itself (server_vad).
struct TurnDetection {
    float threshold = 0.5F;                       ///< probability of speech, 0..1
    base::milliseconds prefix_padding{300};       ///< sound kept from before the speech was noticed
    base::milliseconds silence_duration{500};     ///< silence that ends the turn
    bool create_response = true;                  ///< answer at the end of each turn
    bool interrupt_response = true;               ///< the caller's speech stops the answer
};

struct Session {
    std::string id;            ///< "sess_..."; also the call's id in logs
    std::string model;         ///< as the client named it
    std::string instructions;  ///< the system prompt
    bool speaks = true;        ///< output_modalities: ["audio"], else ["text"]

    int input_rate = 24000;    ///< of audio/pcm from the client
    std::optional<TurnDetection> turn_detection = TurnDetection{};  ///< none: the client commits
    std::string input_language;                                     ///< BCP 47; empty: found out
    bool transcribes = true;   ///< whether the client is told the caller's words
    std::string transcription_model;  ///< as the client named it, may be empty

    int output_rate = 24000;   ///< of audio/pcm to the client
    std::string voice;         ///< as the client named it; empty: the default
    float speed = 1.0F;        ///< 0.25 to 1.5

    std::optional<int> max_output_tokens;  ///< none: "inf"
};

/// A partial update: what is absent stays as it is.
struct SessionPatch {
    std::optional<std::string> model;
    std::optional<std::string> instructions;
    std::optional<bool> speaks;
    std::optional<int> input_rate;
    std::optional<std::optional<TurnDetection>> turn_detection;  ///< present and empty: switch it off
    std::optional<std::string> input_language;
    std::optional<bool> transcribes;
    std::optional<std::string> transcription_model;
    std::optional<int> output_rate;
    std::optional<std::string> voice;
    std::optional<float> speed;
    std::optional<std::optional<int>> max_output_tokens;         ///< present and empty: "inf"
};

void apply(const SessionPatch& patch, Session& session);

}  // namespace antiphon::call
