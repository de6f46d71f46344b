// The numbers a call leaves behind, summed over all calls.
//
// thread-safe. Only what really became a turn is counted in the turn's histograms; speculative work that
// was dropped counts in its own counters.
#pragma once

#include "base/metrics.hpp"

namespace antiphon::call {

struct CallMetrics {
    explicit CallMetrics(base::Metrics& metrics);

    prometheus::Gauge& calls;
    prometheus::Counter& calls_total;

    /// From the end of the caller's speech.
    prometheus::Histogram& transcript;
    prometheus::Histogram& first_token;
    prometheus::Histogram& first_clause;
    prometheus::Histogram& first_sound;
    prometheus::Histogram& turn_end;
    prometheus::Histogram& first_audio;

    prometheus::Counter& turns;
    prometheus::Counter& interruptions;
    prometheus::Counter& false_interruptions;
    prometheus::Counter& speculations;
    prometheus::Counter& speculation_hits;
    /// Seconds of recognizer, language model and synthesizer work that was thrown away.
    prometheus::Counter& wasted_seconds;
    prometheus::Counter& used_seconds;
    prometheus::Counter& overloads;

    prometheus::Counter& context_cuts;
    prometheus::Counter& summaries;
    prometheus::Counter& summaries_stopped;
    prometheus::Counter& summaries_discarded;
};

}  // namespace antiphon::call
