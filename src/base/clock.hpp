// The one notion of time inside a call: the steady clock.
//
// pure. Nobody below app/ and edge/ reads the clock; time comes in as an argument or from a Strand,
// so that tests can run an hour of conversation in a millisecond.
#pragma once

#include <chrono>

namespace antiphon::base {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::milliseconds;

inline double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline long long whole_milliseconds(Duration d) {
    return std::chrono::duration_cast<milliseconds>(d).count();
}

}  // namespace antiphon::base
