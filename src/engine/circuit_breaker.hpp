// Keeps callers from waiting for a server that has just failed several times.
//
// pure: time is an argument. Closed: everybody may ask. After so many failures in a row it opens: nobody may. After
// a pause it lets one through, the probe (half-open): its success closes it, its failure begins a pause that is
// twice as long, up to a bound.
#pragma once

#include "base/clock.hpp"

namespace antiphon::engine {

class CircuitBreaker {
public:
    struct Settings {
        int failures = 3;                            ///< in a row, that open it
        base::milliseconds first_pause{2'000};
        base::milliseconds longest_pause{30'000};
    };
    enum class State { closed, open, half_open };

    explicit CircuitBreaker(Settings settings) : settings_(settings), pause_(settings.first_pause) {}

    /// Whether one may ask now. Who is let through while it is not closed is the probe, and must tell how it went.
    bool admit(base::Time now);

    void succeeded();
    void failed(base::Time now);

    /// Opens it at once: one failure that speaks for all, such as a server that is not there at the start.
    void open(base::Time now);

    /// The probe was given up without a result: the next one may try.
    void withdrawn();

    State state() const noexcept { return state_; }

    /// While open: when the next probe may be made.
    base::Time next_probe() const noexcept { return next_probe_; }

private:
    const Settings settings_;
    State state_ = State::closed;
    int failures_ = 0;
    base::milliseconds pause_;
    base::Time next_probe_{};
};

}  // namespace antiphon::engine
