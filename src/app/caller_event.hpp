// The Realtime API as the terminal caller needs it: the server's events read, the client's written.
//
// pure. The beta dialect's event names are not known here.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace antiphon::app {

struct SessionIsCreated {
    bool resumable = false;  ///< the server can keep the call for a while when the connection is lost
};
struct SessionIsUpdated {};
/// How the call is taken over, and with `resumed` that it was.
struct SessionIsKept {
    std::string call_id;
    std::string token;
    base::milliseconds within{};
    bool resumed = false;
    base::milliseconds input_audio{};  ///< with `resumed`: how much of our sound the server has taken
    std::string last_event_taken;      ///< with `resumed`: the event_id of ours; empty: none
};
/// A sign of life, and how much of our sound the server has taken; it is no event to resume from.
struct ServerLives {
    base::milliseconds input_audio{};
};
struct ServerRefuses {
    std::string message;
};

struct CallerBeginsToSpeak {};
struct CallerStopsSpeaking {};
struct CallerCaptionGrows {
    std::string item_id;
    std::string text;
};
struct CallerCaptionDone {
    std::string item_id;
    std::string text;
};
struct CallerNotUnderstood {
    std::string message;
};

struct AnswerBegins {
    std::string response_id;
};
struct AnswerTextGrows {
    std::string response_id;
    std::string text;
};
struct AnswerSoundGrows {
    std::string response_id;
    std::vector<float> samples;
};
/// Of an answer whose sound comes over a media line: it begins to be played, and has been played or was cut.
struct PlayingBegins {
    std::string response_id;
};
struct PlayingEnds {
    std::string response_id;
};
struct AnswerEnds {
    std::string response_id;
    std::string status;  ///< "completed", "cancelled", "incomplete", "failed"
    std::string reason;  ///< of the last three, may be empty
};

/// The server ends. With `resumable` the call can be taken up again at once, wherever the address leads.
struct ServerRestarts {
    bool resumable;
};
/// An event of Antiphon's own ("antiphon...."), as JSON.
struct ServerRemark {
    std::string json;
};
/// An event that the terminal caller has no use for.
struct SomethingElse {};

using CallerEvent = std::variant<SomethingElse, SessionIsCreated, SessionIsUpdated, SessionIsKept, ServerLives, ServerRestarts,
                                 ServerRefuses, CallerBeginsToSpeak, CallerStopsSpeaking, CallerCaptionGrows,
                                 CallerCaptionDone, CallerNotUnderstood, AnswerBegins, AnswerTextGrows,
                                 AnswerSoundGrows, PlayingBegins, PlayingEnds, AnswerEnds, ServerRemark>;

/// `invalid` when the message is no event, or is one that lacks a field we read.
base::Result<CallerEvent> read_server_event(std::string_view message);

/// The "event_id" at the event's beginning, where Antiphon writes it; else empty.
std::string_view event_id_of(std::string_view message);

/// The sentence of a refusal over HTTP: the JSON error's message, else the body's beginning.
std::string refusal_text(std::string_view body);

/// 24 kHz PCM both ways, transcription on, server_vad.
std::string write_session_update(std::optional<base::milliseconds> silence);
/// Asks for the call to be kept when the connection is lost.
std::string write_resumable_update();
/// The event with this "event_id", by which the server says that it has taken it.
std::string with_event_id(const std::string& event, std::string_view id);

/// The body of a call over WebRTC: the offer, and the session of both functions above.
struct CallForm {
    std::string content_type;
    std::string body;
};
CallForm write_call_form(std::string_view offer, std::optional<base::milliseconds> silence);
std::string write_audio_append(std::span<const float> samples);
std::string write_typed_message(std::string_view text);
std::string write_response_create();

}  // namespace antiphon::app
