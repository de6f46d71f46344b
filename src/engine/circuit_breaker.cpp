#include "engine/circuit_breaker.hpp"

#include <algorithm>

namespace antiphon::engine {

bool CircuitBreaker::admit(base::Time now) {
    if (state_ == State::closed) return true;
    if (state_ == State::half_open || now < next_probe_) return false;
    state_ = State::half_open;
    return true;
}

void CircuitBreaker::succeeded() {
    state_ = State::closed;
    failures_ = 0;
    pause_ = settings_.first_pause;
}

void CircuitBreaker::failed(base::Time now) {
    if (state_ == State::open) return;  // asked before it opened
    if (state_ == State::half_open) {
        pause_ = std::min(pause_ * 2, settings_.longest_pause);
        open(now);
    } else if (++failures_ >= settings_.failures) {
        open(now);
    }
}

void CircuitBreaker::open(base::Time now) {
    state_ = State::open;
    next_probe_ = now + pause_;
}

void CircuitBreaker::withdrawn() {
    if (state_ == State::half_open) state_ = State::open;  // its pause is over already
}

}  // namespace antiphon::engine
