#include "call/call_metrics.hpp"

namespace antiphon::call {
namespace {

prometheus::Histogram& stage(base::Metrics& metrics, const char* name) {
    return metrics.seconds("antiphon_turn_seconds", "From the end of the caller's speech to each stage of the answer",
                           {{"stage", name}});
}

prometheus::Histogram& part(base::Metrics& metrics, const char* name) {
    return metrics.seconds("antiphon_turn_part_seconds", "How long a part of an answer's beginning took by itself",
                           {{"part", name}});
}

prometheus::Counter& responses(base::Metrics& metrics, const char* status) {
    return metrics.counter("antiphon_responses_total", "Answers by how they ended", {{"status", status}});
}

prometheus::Counter& failures(base::Metrics& metrics, const char* stage) {
    return metrics.counter("antiphon_turn_failures_total", "What an engine could not do for a turn", {{"stage", stage}});
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
      first_token_alone(part(m, "first_token")),
      first_clause_alone(part(m, "first_clause")),
      synthesis_alone(part(m, "synthesis")),
      turns(m.counter("antiphon_turns_total", "Turns of callers that were answered")),
      responses_completed(responses(m, "completed")),
      responses_cancelled(responses(m, "cancelled")),
      responses_incomplete(responses(m, "incomplete")),
      responses_failed(responses(m, "failed")),
      hearing_failures(failures(m, "hearing")),
      thinking_failures(failures(m, "thinking")),
      speaking_failures(failures(m, "speaking")),
      prompt_tokens(m.counter("antiphon_prompt_tokens_total", "Tokens of the prompts of calls' answers")),
      cached_tokens(m.counter("antiphon_cached_tokens_total", "Those of them that did not have to be read again")),
      completion_tokens(m.counter("antiphon_completion_tokens_total", "Tokens of calls' answers")),
      thinking_seconds(m.counter("antiphon_thinking_seconds_total", "Time in which these tokens were read and made")),
      recognized_seconds(m.counter("antiphon_recognized_seconds_total", "Length of the callers' sound that was recognized")),
      synthesized_seconds(m.counter("antiphon_synthesized_seconds_total", "Length of the sound that was made of answers")),
      dropped_seconds(m.counter("antiphon_dropped_sound_seconds_total",
                                "Length of the callers' sound for which there was no room")),
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
