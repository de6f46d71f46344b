// How much of what was sent has not been made up for yet: events, and sound in them.
//
// pure.
#pragma once

#include "base/clock.hpp"

namespace antiphon::edge {

/// How fast in the long run, and how much may come at once before that. A rate of 0: no limit.
struct MessageRates {
    double events = 0;  ///< in a second
    double events_at_once = 0;
    double sound = 0;   ///< seconds of it in a second
    double sound_at_once = 0;
};

class MessageStore {
public:
    /// Whether one more event with `sound` seconds in it may come, which then counts. One message alone never exceeds. Of
    /// what has too much sound in it, the event counts. `now` may be earlier than before: then no time has passed.
    bool take(double sound, const MessageRates& rates, base::Time now);

    /// Whether all of it has been made up for.
    bool is_empty(const MessageRates& rates, base::Time now) const;

private:
    void let_pass(const MessageRates& rates, base::Time now);

    double events_ = 0;
    double sound_ = 0;
    base::Time at_{};
};

}  // namespace antiphon::edge
