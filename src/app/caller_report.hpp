// What the terminal caller prints at the end of a turn.
//
// pure.
#pragma once

#include "app/caller_conversation.hpp"
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
///   server             the server's own events of this turn, for example "antiphon.turn"
std::string turn_as_json(const CallerTurn& turn, int number, base::Duration lateness);

}  // namespace antiphon::app
