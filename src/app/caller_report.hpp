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

/// For programs: one line of JSON, documented in docs/benchmarks.md. `lateness` is how late the turn's
/// latest frame was sent: a measurement with more than a few milliseconds of it is not to be trusted.
std::string turn_as_json(const CallerTurn& turn, int number, base::Duration lateness);

}  // namespace antiphon::app
