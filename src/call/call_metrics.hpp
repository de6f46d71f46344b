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

    /// From the end of the caller's speech; what began behind the gate may have come before it.
    prometheus::Histogram& transcript;
    prometheus::Histogram& first_token;
    prometheus::Histogram& first_clause;
    prometheus::Histogram& first_sound;
    prometheus::Histogram& turn_end;
    prometheus::Histogram& first_audio;

    /// How long each part of an answer's beginning took by itself.
    prometheus::Histogram& first_token_alone;   ///< from the words to the first token
    prometheus::Histogram& first_clause_alone;  ///< from there to the first clause
    prometheus::Histogram& synthesis_alone;     ///< from there to its first sound

    prometheus::Counter& turns;
    /// By how they ended.
    prometheus::Counter& responses_completed;
    prometheus::Counter& responses_cancelled;
    prometheus::Counter& responses_incomplete;
    prometheus::Counter& responses_failed;
    /// What an engine could not do for a call that goes on.
    prometheus::Counter& hearing_failures;
    prometheus::Counter& thinking_failures;
    prometheus::Counter& speaking_failures;
    prometheus::Counter& prompt_tokens;
    prometheus::Counter& cached_tokens;  ///< of the prompt tokens
    prometheus::Counter& completion_tokens;
    prometheus::Counter& thinking_seconds;     ///< in which these tokens were read and made
    prometheus::Counter& recognized_seconds;   ///< of callers' sound
    prometheus::Counter& synthesized_seconds;  ///< of answers' sound
    prometheus::Counter& dropped_seconds;      ///< of callers' sound for which there was no room
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
