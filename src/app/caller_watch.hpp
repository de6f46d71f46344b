// Whether the terminal caller's way over WebRTC still carries the call, or another one has to.
//
// pure. It is told what comes, and asked at each step.
#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string_view>

namespace antiphon::app {

struct CallerWatchLimits {
    base::milliseconds begins{3000};  ///< until sound flows and the session is there
    /// Without any packet. A server that is silent still sends one every 400 ms, and reports. What is said meanwhile is
    /// kept back: on a dead line it would be lost.
    base::milliseconds holds{1300};
    base::milliseconds dead{2500};   ///< without any packet of sound
    base::milliseconds deaf{4000};   ///< while the server's count of what it has heard, sent each second, stands still
};

class CallerWatch {
public:
    CallerWatch(base::Time began, CallerWatchLimits limits) : began_(began), limits_(limits) {}

    void sound_came(base::Time at);
    /// Anything else: a report, an event.
    void sign_came(base::Time at);
    void session_came() { session_ = true; }
    /// The server's count, of a call that it keeps.
    void heard(base::milliseconds count, base::Time at);
    /// The connection is lost for good.
    void connection_lost() { lost_ = true; }

    /// The session is there, and sound comes: its packets have found the way in both directions.
    bool flows() const { return session_ && sound_at_; }
    /// Nothing should be sent now.
    bool holds(base::Time now) const;
    /// Why the call has to go on another way; none: it need not.
    std::optional<std::string_view> trouble(base::Time now) const;

private:
    const base::Time began_;
    const CallerWatchLimits limits_;
    bool session_ = false;
    bool lost_ = false;
    std::optional<base::Time> sound_at_;
    base::Time sign_at_{};
    base::milliseconds count_{-1};
    std::optional<base::Time> count_rose_at_;
};

}  // namespace antiphon::app
