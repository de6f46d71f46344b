#include "call/turn_marks.hpp"

#include <utility>

namespace antiphon::call {

TurnMeasured TurnMarks::measured(std::string response_id, bool speculated) const {
    TurnMeasured turn;
    turn.response_id = std::move(response_id);
    turn.speculated = speculated;
    const auto start = speech_end ? speech_end : turn_end;
    if (!start) return turn;
    const auto since = [&](const std::optional<base::Time>& at) -> std::optional<double> {
        if (!at) return std::nullopt;
        return base::seconds(*at - *start);
    };
    turn.transcript = since(transcript);
    turn.first_token = since(first_token);
    turn.first_clause = since(first_clause);
    turn.first_sound = since(first_sound);
    turn.turn_end = since(turn_end);
    turn.first_audio = since(first_audio);
    return turn;
}

void observe(const TurnMeasured& turn, CallMetrics& metrics) {
    const auto enter = [](prometheus::Histogram& histogram, const std::optional<double>& seconds) {
        if (seconds) histogram.Observe(*seconds);
    };
    enter(metrics.transcript, turn.transcript);
    enter(metrics.first_token, turn.first_token);
    enter(metrics.first_clause, turn.first_clause);
    enter(metrics.first_sound, turn.first_sound);
    enter(metrics.turn_end, turn.turn_end);
    enter(metrics.first_audio, turn.first_audio);
    const auto enter_between = [](prometheus::Histogram& histogram, const std::optional<double>& from,
                                  const std::optional<double>& to) {
        if (from && to) histogram.Observe(*to - *from);
    };
    enter_between(metrics.first_token_alone, turn.transcript, turn.first_token);
    enter_between(metrics.first_clause_alone, turn.first_token, turn.first_clause);
    enter_between(metrics.synthesis_alone, turn.first_clause, turn.first_sound);
}

}  // namespace antiphon::call
