// What the server tells a client: the server events of the Realtime API, typed.
//
// pure. One struct per event, in the wire's own terms; the event's name stands in encode.cpp. The field that the
// API calls content_index is 0 in a response: its items have one part here.
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
    std::string conversation_id;  ///< empty: it leaves no trace there
    ResponseStatus status = ResponseStatus::in_progress;
    std::string reason;         ///< of a cancelled or incomplete one, for example "turn_detected"
    std::string error_code;     ///< of a failed one
    std::string error_message;  ///< of a failed one
    bool speaks = true;
    audio::Encoding output_encoding = audio::Encoding::pcm16;
    std::string voice;
    std::optional<int> max_output_tokens;
    std::vector<Item> output;
    std::optional<Usage> usage;
    std::string metadata;  ///< a JSON object, empty if none
    double temperature = 0.8;  ///< shown in the beta dialect only
};

/// Which part of which response.
struct Part {
    std::string response_id;
    std::string item_id;
    int output_index = 0;
};

struct SessionCreated { Session session; };
struct SessionUpdated { Session session; };
/// Of the beta dialect: follows session.created.
struct ConversationCreated { std::string id; };

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
struct TimeoutTriggered { std::string item_id; std::int64_t audio_start_ms = 0; std::int64_t audio_end_ms = 0; };

struct ItemAdded { Item item; std::string previous_item_id; };
struct ItemDone { Item item; std::string previous_item_id; };
struct ItemRetrieved { Item item; };
struct ItemTruncated { std::string item_id; std::int64_t audio_end_ms = 0; };
struct ItemDeleted { std::string item_id; };

struct TranscriptionDelta { std::string item_id; std::string delta; int content_index = 0; };
/// `language` is sent as "antiphon.language" when it is not empty.
struct TranscriptionCompleted {
    std::string item_id;
    std::string transcript;
    std::string language;
    double seconds = 0;
    int content_index = 0;
};
struct TranscriptionFailed { std::string item_id; std::string code; std::string message; int content_index = 0; };

struct ResponseCreated { Response response; };
/// No limit is kept, so the list of limits is empty; some clients wait for the event.
struct RateLimitsUpdated {};
struct OutputItemAdded { std::string response_id; Item item; int output_index = 0; };
struct ContentPartAdded { Part part; bool speaks = true; };
struct OutputTextDelta { Part part; std::string delta; };
struct OutputTextDone { Part part; std::string text; };
struct OutputTranscriptDelta { Part part; std::string delta; };
struct OutputTranscriptDone { Part part; std::string transcript; };
/// `audio` is in the session's output format, not yet in base64.
struct OutputAudioDelta { Part part; std::vector<std::uint8_t> audio; };
struct OutputAudioDone { Part part; };
struct ContentPartDone { Part part; bool speaks = true; std::string text; };
struct FunctionArgumentsDelta { Part part; std::string call_id; std::string delta; };
struct FunctionArgumentsDone { Part part; std::string call_id; std::string name; std::string arguments; };
struct OutputItemDone { std::string response_id; Item item; int output_index = 0; };
struct ResponseDone { Response response; };

/// output_audio_buffer.*: of connections whose server plays the sound, as over WebRTC.
struct OutputSoundStarted { std::string response_id; };
struct OutputSoundStopped { std::string response_id; };
struct OutputSoundCleared { std::string response_id; };

/// "antiphon.partial": what was understood so far of the speech that is going on.
struct PartialTranscript { std::string item_id; std::string transcript; };

struct Word { std::string text; std::int64_t start_ms = 0; std::int64_t end_ms = 0; };
/// "antiphon.words": where the words lie in their item's own sound.
struct WordsTimed { Part part; std::vector<Word> words; };

/// "antiphon.sources": the documents that a response was given passages of.
struct Source { std::string title; std::string document; double score = 0.0; };
struct SourcesUsed { std::string response_id; std::vector<Source> sources; };

enum class AgentState { listening, thinking, speaking };
/// "antiphon.state"
struct StateChanged { AgentState state = AgentState::listening; };

/// "antiphon.language": the language (BCP 47) that the call was found to be in, or has changed to.
struct LanguageDecided { std::string language; float confidence = 0.0F; };

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

/// "antiphon.session": how the call is taken over when its connection is lost.
struct SessionKept {
    /// Said first of all to a client that has come back.
    struct Resumed {
        bool complete = true;               ///< all that the client has missed follows
        std::int64_t input_audio_ms = 0;    ///< how much of the caller's sound the call has taken since its beginning
        std::string last_client_event_id;   ///< of the last of the client's events that was taken; null if none had one
    };
    std::string call_id;
    std::string resume_token;
    std::int64_t resume_within_ms = 0;
    std::optional<Resumed> resumed;
};
/// "antiphon.heard", of resumable sessions: a sign of life, and up to where the caller's sound has come.
struct SoundHeard { std::int64_t input_audio_ms = 0; };
/// "antiphon.saved", of resumable sessions: these items outlive the server.
struct ItemsSaved { std::vector<std::string> item_ids; };
/// "antiphon.restarting", of resumable sessions: the last event before a server that ends closes the connection.
/// `resumable`: the conversation is saved, and any server of its store can be asked to go on with it at once.
struct ServerRestarting { bool resumable = false; };

using ServerEvent =
    std::variant<SessionCreated, SessionUpdated, ErrorReport, SpeechStarted, SpeechStopped, AudioCommitted, AudioCleared,
                 ItemAdded, ItemDone, ItemRetrieved, ItemTruncated, ItemDeleted, TranscriptionDelta,
                 TranscriptionCompleted, TranscriptionFailed, ResponseCreated, RateLimitsUpdated, OutputItemAdded,
                 ContentPartAdded, OutputTextDelta, OutputTextDone, OutputTranscriptDelta, OutputTranscriptDone,
                 OutputAudioDelta, OutputAudioDone, ContentPartDone, OutputItemDone, ResponseDone, TurnMeasured,
                 ConversationCreated, TimeoutTriggered, FunctionArgumentsDelta, FunctionArgumentsDone,
                 OutputSoundStarted, OutputSoundStopped, OutputSoundCleared, PartialTranscript, WordsTimed,
                 StateChanged, SessionKept, SoundHeard, ItemsSaved, ServerRestarting, LanguageDecided, SourcesUsed>;

}  // namespace antiphon::protocol
