#include "call/session.hpp"

namespace antiphon::call {

base::milliseconds end_silence(const TurnDetection& turns) {
    switch (turns.semantic.value_or(Eagerness::automatic)) {
        case Eagerness::high: return base::milliseconds(350);
        case Eagerness::low: return base::milliseconds(1200);
        case Eagerness::automatic:
        case Eagerness::medium: break;
    }
    return turns.silence_duration;
}

void apply(const SessionPatch& patch, Session& session) {
    const auto set = [](const auto& from, auto& to) {
        if (from) to = *from;
    };
    set(patch.kind, session.kind);
    set(patch.model, session.model);
    set(patch.instructions, session.instructions);
    set(patch.speaks, session.speaks);
    set(patch.tools, session.tools);
    set(patch.tool_choice, session.tool_choice);
    set(patch.parallel_tool_calls, session.parallel_tool_calls);
    set(patch.truncation, session.truncation);
    set(patch.input_encoding, session.input_encoding);
    set(patch.input_rate, session.input_rate);
    set(patch.turn_detection, session.turn_detection);
    set(patch.input_language, session.input_language);
    set(patch.transcribes, session.transcribes);
    set(patch.transcription_model, session.transcription_model);
    set(patch.input_hint, session.input_hint);
    set(patch.partials, session.partials);
    set(patch.output_encoding, session.output_encoding);
    set(patch.output_rate, session.output_rate);
    set(patch.voice, session.voice);
    set(patch.speed, session.speed);
    set(patch.max_output_tokens, session.max_output_tokens);
}

}  // namespace antiphon::call
