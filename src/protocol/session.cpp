#include "protocol/session.hpp"

namespace antiphon::protocol {

void apply(const SessionChanges& changes, WireSettings& settings) {
    const auto set = [](const auto& from, auto& to) {
        if (from) to = *from;
    };
    set(changes.noise_reduction_json, settings.noise_reduction_json);
    set(changes.tracing_json, settings.tracing_json);
    set(changes.include_json, settings.include_json);
    set(changes.reasoning_json, settings.reasoning_json);
    set(changes.temperature, settings.temperature);
    set(changes.binary_audio, settings.binary_audio);
    set(changes.resumable, settings.resumable);
    if (changes.truncation) settings.post_instructions_limit = changes.truncation->post_instructions_limit;
    if (changes.transcription && *changes.transcription) {
        const TranscriptionChanges& transcription = **changes.transcription;
        set(transcription.prompt, settings.transcription_prompt);
        set(transcription.keywords, settings.transcription_keywords);
        set(transcription.languages, settings.transcription_languages);
        set(transcription.delay, settings.transcription_delay);
    }
}

}  // namespace antiphon::protocol
