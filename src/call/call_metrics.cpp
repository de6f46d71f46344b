#include "call/call_metrics.hpp"

namespace antiphon::call {
namespace {

prometheus::Histogram& stage(base::Metrics& metrics, const char* name) {
    return metrics.seconds("antiphon_turn_seconds", "From the end of the caller's speech to each stage of the answer",
                           {{"stage", name}});
}

}  // namespace

CallMetrics::CallMetrics(base::Metrics& m)
    : calls(m.gauge("antiphon_calls", "Calls under way")),
      calls_total(m.counter("antiphon_calls_total", "Calls begun")),
      transcript(stage(m, "transcript")),
      first_token(stage(m, "first_token")),
      first_clause(stage(m, "first_clause")),
      first_sound(stage(m, "first_sound")),
      turn_end(stage(m, "turn_end")),
      first_audio(stage(m, "first_audio")),
      turns(m.counter("antiphon_turns_total", "Turns of callers that were answered")),
      interruptions(m.counter("antiphon_interruptions_total", "Answers that the caller interrupted")),
      false_interruptions(m.counter("antiphon_false_interruptions_total",
                                    "Sounds that held the answer for a moment but were no interruption")),
      speculations(m.counter("antiphon_speculations_total", "Turns begun at the hint of a pause")),
      speculation_hits(m.counter("antiphon_speculation_hits_total", "Speculations that became the turn")),
      wasted_seconds(m.counter("antiphon_engine_wasted_seconds_total", "Engine time whose result was dropped")),
      used_seconds(m.counter("antiphon_engine_used_seconds_total", "Engine time whose result was used")),
      overloads(m.counter("antiphon_overloads_total", "Engine jobs refused because a queue was full")),
      context_cuts(m.counter("antiphon_context_cut_items_total",
                             "Items left out of a prompt for want of room while no summary stood for them")),
      summaries(m.counter("antiphon_summaries_total", "Summaries of conversations made beside the call")),
      summaries_stopped(m.counter("antiphon_summaries_stopped_total", "Summaries stopped because a turn began")),
      summaries_discarded(m.counter("antiphon_summaries_discarded_total",
                                    "Summaries that failed, were empty or too long, or came too late")) {}

}  // namespace antiphon::call
