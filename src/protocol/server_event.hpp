// What the server tells a client: the server events of the Realtime API (GA), typed.
//
// pure. One struct per event, in the wire's own terms; the event's name stands in encode.cpp. Fields that the
// API calls output_index and content_index are 0 unless said otherwise: a response here has one item of one
// part.
#pragma once

#include "protocol/item.hpp"
#include "protocol/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace antiphon::protocol {

enum class ResponseStatus { in_progress, completed, cancelled, incomplete, failed };

struct Usage {
    int input_tokens = 0;
    int cached_tokens = 0;
    int output_tokens = 0;
};

struct Response {
    std::string id;
    ResponseStatus status = ResponseStatus::in_progress;
    std::string reason;         ///< of a cancelled or incomplete one, for example "turn_detected"
    std::string error_code;     ///< of a failed one
    std::string error_message;  ///< of a failed one
    bool speaks = true;
    int output_rate = 24000;
    std::string voice;
    std::optional<int> max_output_tokens;
    std::vector<Item> output;
    std::optional<Usage> usage;
    std::string metadata;  ///< a JSON object, empty if none
};

/// Which part of which response.
struct Part {
    std::string response_id;
    std::string item_id;
};

struct SessionCreated { Session session; };
struct SessionUpdated { Session session; };

/// The call goes on after it. Empty strings are null on the wire.
struct ErrorReport {
    std::string type;  ///< "invalid_request_error" or "server_error"
    std::string code;
    std::string message;
    std::string param;
    std::string client_event_id;
};

struct SpeechStarted { std::string item_id; std::int64_t audio_start_ms = 0; };
struct SpeechStopped { std::string item_id; std::int64_t audio_end_ms = 0; };
/// Here and below an empty previous_item_id is null on the wire: there is none before it.
struct AudioCommitted { std::string item_id; std::string previous_item_id; };
struct AudioCleared {};

struct ItemAdded { Item item; std::string previous_item_id; };
struct ItemDone { Item item; std::string previous_item_id; };
struct ItemRetrieved { Item item; };
struct ItemTruncated { std::string item_id; std::int64_t audio_end_ms = 0; };
struct ItemDeleted { std::string item_id; };

struct TranscriptionDelta { std::string item_id; std::string delta; };
/// `language` is sent as "antiphon.language" when it is not empty.
struct TranscriptionCompleted { std::string item_id; std::string transcript; std::string language; double seconds = 0; };
struct TranscriptionFailed { std::string item_id; std::string code; std::string message; };

struct ResponseCreated { Response response; };
/// No limit is kept, so the list of limits is empty; some clients wait for the event.
struct RateLimitsUpdated {};
struct OutputItemAdded { std::string response_id; Item item; };
struct ContentPartAdded { Part part; bool speaks = true; };
struct OutputTextDelta { Part part; std::string delta; };
struct OutputTextDone { Part part; std::string text; };
struct OutputTranscriptDelta { Part part; std::string delta; };
struct OutputTranscriptDone { Part part; std::string transcript; };
/// `audio` is in the session's output format, not yet in base64.
struct OutputAudioDelta { Part part; std::vector<std::uint8_t> audio; };
struct OutputAudioDone { Part part; };
struct ContentPartDone { Part part; bool speaks = true; std::string text; };
struct OutputItemDone { std::string response_id; Item item; };
struct ResponseDone { Response response; };

/// "antiphon.turn": where one answer's time went, in seconds from the end of the caller's speech. What did not
/// happen is left out.
struct TurnMeasured {
    std::string response_id;
    bool speculated = false;
    std::optional<double> transcript;
    std::optional<double> first_token;
    std::optional<double> first_clause;
    std::optional<double> first_sound;
    std::optional<double> turn_end;
    std::optional<double> first_audio;
};

using ServerEvent =
    std::variant<SessionCreated, SessionUpdated, ErrorReport, SpeechStarted, SpeechStopped, AudioCommitted, AudioCleared,
                 ItemAdded, ItemDone, ItemRetrieved, ItemTruncated, ItemDeleted, TranscriptionDelta,
                 TranscriptionCompleted, TranscriptionFailed, ResponseCreated, RateLimitsUpdated, OutputItemAdded,
                 ContentPartAdded, OutputTextDelta, OutputTextDone, OutputTranscriptDelta, OutputTranscriptDone,
                 OutputAudioDelta, OutputAudioDone, ContentPartDone, OutputItemDone, ResponseDone, TurnMeasured>;

}  // namespace antiphon::protocol
