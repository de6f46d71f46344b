// Decides from the probabilities of speech when the caller starts, pauses, goes on and has ended.
//
// pure. Feed one window at a time; each step answers at most one event. Owned by one call.
//
//   silent -onset-> rising -started-> speaking -paused-> pausing -ended-> silent
//                     |                  ^------resumed-----|
//                     `-onset_lost-> silent
#pragma once

#include "base/clock.hpp"

namespace antiphon::listen {

struct PauseSettings {
    float threshold = 0.5F;                    ///< probability that counts as speech
    base::milliseconds pause_hint{120};        ///< silence until `paused`
    base::milliseconds end_silence{500};       ///< silence until `ended`, counted from the same moment
};

enum class PauseEvent {
    none,
    onset,       ///< may be speech; too short yet to say so
    onset_lost,  ///< it was not
    started,     ///< it is speech
    paused,      ///< the hint of a pause: the turn may be over
    resumed,     ///< it was not: the caller goes on
    ended,       ///< the turn is over
};

class PauseDetector {
public:
    PauseDetector(PauseSettings settings, base::Duration window) : settings_(settings), window_(window) {}

    /// The next window: its probability of speech; whether it is quiet against the speech before it
    /// (silence is counted from there, since a voice detector's probability falls some windows late);
    /// and how much speech is needed to start.
    PauseEvent step(float probability, bool quiet, base::milliseconds min_speech);

    /// How many windows ago, counted with the last one, that began which the last event is about: the
    /// speech of onset, started and resumed; the silence of paused and ended.
    int windows_back() const { return windows_back_; }

    bool in_speech() const { return state_ == State::speaking || state_ == State::pausing; }

    void reset();

private:
    enum class State { silent, rising, speaking, pausing };

    PauseEvent rise(bool speech, base::milliseconds min_speech);
    PauseEvent fall(bool still_speech);
    PauseEvent wait(bool speech);

    PauseSettings settings_;
    base::Duration window_;
    State state_ = State::silent;
    int run_ = 0;       ///< windows since the speech or silence in question began
    int misses_ = 0;    ///< windows of silence within a rising onset
    int speech_run_ = 0;
    int quiet_run_ = 0;
    int windows_back_ = 0;
};

}  // namespace antiphon::listen
