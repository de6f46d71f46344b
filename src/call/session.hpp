// What a caller can choose about a call: the Realtime API's session object, typed.
//
// pure.
#pragma once

#include "audio/encoding.hpp"
#include "base/clock.hpp"
#include "engine/language_model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace antiphon::call {

/// How soon a pause is taken for the end of the turn (semantic_vad).
enum class Eagerness { automatic, low, medium, high };

/// When the caller's turn begins and ends by itself.
struct TurnDetection {
    float threshold = 0.5F;                       ///< probability of speech, 0..1
    base::milliseconds prefix_padding{300};       ///< sound kept from before the speech was noticed
    base::milliseconds silence_duration{500};     ///< silence that ends the turn
    bool create_response = true;                  ///< answer at the end of each turn
    bool interrupt_response = true;               ///< the caller's speech stops the answer
    /// Silence after the end of an answer (or of the last turn) upon which the assistant speaks up by itself.
    std::optional<base::milliseconds> idle_timeout{};
    std::optional<Eagerness> semantic{};          ///< semantic_vad; none: server_vad
};

/// The silence that ends the turn: of semantic_vad 350 ms for `high`, 1200 ms for `low`, else the one given.
base::milliseconds end_silence(const TurnDetection& turns);

/// What becomes of a conversation that outgrows the model's context.
struct Truncation {
    enum class Mode {
        automatic,  ///< the oldest items are left out of the prompt, as few as possible
        disabled,   ///< the response fails instead
        retention,  ///< when it must be cut, down to `retention_ratio` of the context, so that cuts are rare
    };
    Mode mode = Mode::automatic;
    float retention_ratio = 1.0F;
};

/// A transcription session hears and never answers.
enum class SessionKind { realtime, transcription };

struct Session {
    std::string id;            ///< "sess_..."; also the call's id in logs
    SessionKind kind = SessionKind::realtime;
    std::string agent;         ///< the named agent that the session started from, may be empty
    std::string greeting;      ///< said at the start, without the language model; empty: the caller begins
    std::string model;         ///< as the client named it
    std::string instructions;  ///< the system prompt
    std::string knowledge;     ///< the collection of documents that answers lean on; empty: none
    bool speaks = true;        ///< output_modalities: ["audio"], else ["text"]

    std::vector<engine::Tool> tools;
    engine::ToolChoice tool_choice;
    bool parallel_tool_calls = true;
    Truncation truncation;

    audio::Encoding input_encoding = audio::Encoding::pcm16;
    int input_rate = 24000;    ///< samples per second from the client
    std::optional<TurnDetection> turn_detection = TurnDetection{};  ///< none: the client commits
    std::string input_language;                                     ///< BCP 47; empty: found out
    bool transcribes = true;   ///< whether the client is told the caller's words
    std::string transcription_model;  ///< as the client named it, may be empty
    std::string input_hint;    ///< the transcription's prompt or keywords: words likely to come up
    bool partials = false;     ///< PartialTranscript while the caller speaks

    audio::Encoding output_encoding = audio::Encoding::pcm16;
    int output_rate = 24000;   ///< samples per second to the client
    std::string voice;         ///< as the client named it; empty: the default
    float speed = 1.0F;        ///< 0.25 to 1.5

    std::optional<int> max_output_tokens;  ///< none: "inf"
};

/// A partial update: what is absent stays as it is.
struct SessionPatch {
    std::optional<SessionKind> kind;
    std::optional<std::string> model;
    std::optional<std::string> instructions;
    std::optional<bool> speaks;
    std::optional<std::vector<engine::Tool>> tools;
    std::optional<engine::ToolChoice> tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::optional<Truncation> truncation;
    std::optional<audio::Encoding> input_encoding;
    std::optional<int> input_rate;
    std::optional<std::optional<TurnDetection>> turn_detection;  ///< present and empty: switch it off
    std::optional<std::string> input_language;
    std::optional<bool> transcribes;
    std::optional<std::string> transcription_model;
    std::optional<std::string> input_hint;
    std::optional<bool> partials;
    std::optional<audio::Encoding> output_encoding;
    std::optional<int> output_rate;
    std::optional<std::string> voice;
    std::optional<float> speed;
    std::optional<std::optional<int>> max_output_tokens;         ///< present and empty: "inf"
};

void apply(const SessionPatch& patch, Session& session);

}  // namespace antiphon::call
