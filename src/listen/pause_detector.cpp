#include "listen/pause_detector.hpp"

#include <algorithm>

namespace antiphon::listen {
namespace {

// Once in speech, the probability must fall this far below the threshold: Silero's own hysteresis.
constexpr float kHysteresis = 0.15F;
// Onsets and resumptions must hold; a click makes one window at most.
constexpr int kMaxMisses = 1;
constexpr int kResumeWindows = 2;
// A voice detector falls up to about 100 ms after the voice; more than that is not its lag.
constexpr int kMaxQuietWindows = 3;

}  // namespace

void PauseDetector::reset() {
    state_ = State::silent;
    run_ = misses_ = speech_run_ = quiet_run_ = 0;
}

PauseEvent PauseDetector::step(float probability, bool quiet, base::milliseconds min_speech) {
    quiet_run_ = quiet ? quiet_run_ + 1 : 0;
    const bool speech = probability >= settings_.threshold;
    switch (state_) {
        case State::silent:
            if (!speech) return PauseEvent::none;
            state_ = State::rising;
            run_ = 0;
            misses_ = 0;
            return rise(true, min_speech);
        case State::rising: return rise(speech, min_speech);
        case State::speaking: return fall(probability >= settings_.threshold - kHysteresis);
        case State::pausing: return wait(speech);
    }
    return PauseEvent::none;
}

PauseEvent PauseDetector::rise(bool speech, base::milliseconds min_speech) {
    ++run_;
    windows_back_ = run_;
    misses_ = speech ? 0 : misses_ + 1;
    if (misses_ > kMaxMisses) {
        state_ = State::silent;
        return PauseEvent::onset_lost;
    }
    if (speech && run_ * window_ >= min_speech) {
        state_ = State::speaking;
        run_ = 0;
        return PauseEvent::started;
    }
    return run_ == 1 ? PauseEvent::onset : PauseEvent::none;
}

PauseEvent PauseDetector::fall(bool still_speech) {
    if (still_speech) {
        run_ = 0;
        return PauseEvent::none;
    }
    run_ = run_ == 0 ? std::clamp(quiet_run_, 1, kMaxQuietWindows) : run_ + 1;
    windows_back_ = run_;
    speech_run_ = 0;
    if (run_ * window_ >= settings_.end_silence) {
        state_ = State::silent;
        return PauseEvent::ended;
    }
    if (run_ * window_ >= settings_.pause_hint) {
        state_ = State::pausing;
        return PauseEvent::paused;
    }
    return PauseEvent::none;
}

PauseEvent PauseDetector::wait(bool speech) {
    ++run_;
    speech_run_ = speech ? speech_run_ + 1 : 0;
    if (speech_run_ >= kResumeWindows) {
        state_ = State::speaking;
        windows_back_ = speech_run_;
        run_ = 0;
        return PauseEvent::resumed;
    }
    windows_back_ = run_;
    // A window of speech that may be a resumption is waited for before the turn is ended.
    if (!speech && run_ * window_ >= settings_.end_silence) {
        state_ = State::silent;
        return PauseEvent::ended;
    }
    return PauseEvent::none;
}

}  // namespace antiphon::listen
