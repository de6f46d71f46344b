// What the terminal caller prints at the end of a turn, and of the call.
//
// pure.
#pragma once

#include "app/caller_conversation.hpp"
#include "app/caller_ways.hpp"
#include "base/clock.hpp"

#include <string>

namespace antiphon::app {

/// For people, for example "voice to voice: 612 ms".
std::string latency_line(const CallerTurn& turn);

/// For programs: one line of JSON.
///   turn, kind ("spoken" or "typed"), question, heard, answer, cut_ins   as in CallerTurn
///   voice_to_voice_ms, answer_begin_ms   whole milliseconds, or null
///   speech_end_ms      where the speech ends in the recording's first channel
///   send_lateness_ms   `lateness`: how late the latest frame before the answer was sent. More than a few
///                      milliseconds make the measurement longer than the truth: the machine is busy.
///   way                "webrtc" or "websocket": over which the call goes now
///   falls, returns     as in CallerWayReport, since the call began
///   packets            of WebRTC, since the call began: received, lost, recovered, concealed, sent, sent_lost as in
///                      CallerLineFigures; null: the call began over the WebSocket
///   server             the server's own events of this turn, for example "antiphon.turn"
std::string turn_as_json(const CallerTurn& turn, int number, base::Duration lateness, const CallerWayReport& way);

/// For people, for example "way: WebRTC to 192.0.2.1:10000; received 1502 packets, 3 lost (2 recovered), 1 concealed;
/// sent 1733, 0 lost".
std::string way_line(const CallerWayReport& way);

}  // namespace antiphon::app
