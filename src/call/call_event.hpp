// What a call tells its peer, in the order in which it is to be sent.
//
// pure. One struct per thing that happens; edge/event_map turns them into the wire's events. Times are
// milliseconds of the caller's sound since the call began, as the Realtime API counts them.
#pragma once

#include "audio/pcm.hpp"
#include "base/error.hpp"
#include "call/session.hpp"
#include "think/item.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace antiphon::call {

enum class ResponseStatus { in_progress, completed, cancelled, incomplete, failed };

/// Why a response was not completed.
enum class ResponseEnd { none, turn_detected, client_cancelled, max_output_tokens, failed };

struct Usage {
    int input_tokens = 0;
    int cached_tokens = 0;
    int output_tokens = 0;
};

struct Response {
    std::string id;  ///< "resp_..."
    bool in_conversation = true;
    std::string voice;                     ///< as it was asked for
    std::optional<int> max_output_tokens;  ///< none: "inf"
    ResponseStatus status = ResponseStatus::in_progress;
    ResponseEnd end = ResponseEnd::none;
    std::string failure;  ///< a sentence, with ResponseEnd::failed
    bool speaks = true;
    std::vector<think::Item> output;
    std::optional<Usage> usage;  ///< with the end
    std::string metadata;        ///< the client's JSON object as it came, empty if none
};

/// Where a piece of a response belongs.
struct ResponsePart {
    std::string response_id;
    std::string item_id;
    int output_index = 0;
};

struct SessionCreated { Session session; };
struct SessionUpdated { Session session; };
/// Something the client did could not be done; the call goes on. `client_event_id` may be empty.
struct RequestFailed { base::Error error; std::string client_event_id; };

struct SpeechStarted { std::string item_id; std::int64_t audio_start_ms; };
struct SpeechStopped { std::string item_id; std::int64_t audio_end_ms; };
struct AudioCommitted { std::string item_id; std::string previous_item_id; };
struct AudioCleared {};
/// Nobody spoke for the session's idle_timeout: the empty stretch becomes an item, and an answer follows.
struct TimeoutTriggered { std::string item_id; std::int64_t audio_start_ms; std::int64_t audio_end_ms; };
/// What was understood so far of the speech that is going on; replaces the one before.
struct PartialTranscript { std::string item_id; std::string text; };

struct ItemAdded { think::Item item; std::string previous_item_id; };
struct ItemDone { think::Item item; std::string previous_item_id; };
struct ItemRetrieved { think::Item item; };
struct ItemTruncated { std::string item_id; std::int64_t audio_end_ms; };
struct ItemDeleted { std::string item_id; };

/// All the words at once, before TranscriptionCompleted; none when there are no words.
struct TranscriptionDelta { std::string item_id; std::string text; int content_index = 0; };
struct TranscriptionCompleted {
    std::string item_id;
    std::string text;
    std::string language;
    double seconds;
    int content_index = 0;  ///< of the sound within its item
};
struct TranscriptionFailed { std::string item_id; base::Error error; int content_index = 0; };

struct ResponseCreated { Response response; };
struct OutputItemAdded { std::string response_id; think::Item item; int output_index = 0; };
struct ContentPartAdded { ResponsePart part; bool speaks; };
struct OutputTextDelta { ResponsePart part; std::string text; };        ///< of a response that does not speak
struct OutputTextDone { ResponsePart part; std::string text; };
struct OutputTranscriptDelta { ResponsePart part; std::string text; };  ///< the words of the sound that follows
struct OutputTranscriptDone { ResponsePart part; std::string text; };
struct OutputAudioDone { ResponsePart part; };
struct ContentPartDone { ResponsePart part; bool speaks; std::string text; };
struct FunctionArgumentsDelta { ResponsePart part; std::string call_id; std::string delta; };
struct FunctionArgumentsDone { ResponsePart part; engine::ToolCall call; };
struct OutputItemDone { std::string response_id; think::Item item; int output_index = 0; };
struct ResponseDone { Response response; };

/// The answer's sound at the server's end of the line: over WebRTC the client cannot know by itself.
struct OutputSoundStarted { std::string response_id; };  ///< before the first sound is sent
struct OutputSoundStopped { std::string response_id; };  ///< played out; after ResponseDone, unless calls go on
struct OutputSoundCleared { std::string response_id; };  ///< interrupted, or the client asked for it

/// Where words lie in their item's own sound; sent before the sound's first frame.
struct Word { std::string text; std::int64_t start_ms; std::int64_t end_ms; };
struct WordsTimed { ResponsePart part; std::vector<Word> words; };

/// thinking: a turn was taken or an answer asked for, and nothing of it was sent yet. speaking: from the
/// first sound (or text) until the answer is over. listening: else, and while the caller speaks before
/// anything was sent.
enum class AgentState { listening, thinking, speaking };
/// At each change, and once after SessionCreated.
struct StateChanged { AgentState state; };

/// The language that the caller was found to speak, or to have changed to; never sent while the session fixes it.
struct LanguageDecided { std::string language; float confidence = 0.0F; };

/// One answered turn's times, from the end of the caller's speech (seconds; none: it did not come to it).
struct TurnMeasured {
    std::string response_id;
    bool speculated = false;             ///< the work began before the turn's end was sure
    std::optional<double> transcript;      ///< the recognizer was done
    std::optional<double> first_token;
    std::optional<double> first_clause;  ///< the first text went to the synthesizer
    std::optional<double> first_sound;   ///< the synthesizer gave its first sound
    std::optional<double> turn_end;      ///< the turn's silence was over and the gate opened
    std::optional<double> first_audio;   ///< the first sound was sent
};

using CallEvent =
    std::variant<SessionCreated, SessionUpdated, RequestFailed, SpeechStarted, SpeechStopped, AudioCommitted, AudioCleared,
                 ItemAdded, ItemDone, ItemRetrieved, ItemTruncated, ItemDeleted, TranscriptionDelta,
                 TranscriptionCompleted, TranscriptionFailed, ResponseCreated, OutputItemAdded, ContentPartAdded,
                 OutputTextDelta, OutputTextDone, OutputTranscriptDelta, OutputTranscriptDone, OutputAudioDone,
                 ContentPartDone, OutputItemDone, ResponseDone, TurnMeasured, TimeoutTriggered, PartialTranscript,
                 FunctionArgumentsDelta, FunctionArgumentsDone, OutputSoundStarted, OutputSoundStopped,
                 OutputSoundCleared, WordsTimed, StateChanged, LanguageDecided>;

}  // namespace antiphon::call
