// Whether a text that Whisper wrote was said by anybody.
//
// pure. OpenAI's own rule (no speech above 0.6 and a mean log probability below -1) lets most invented
// texts pass, since the model is sure of them: so a text that is known from subtitles needs better evidence.
#pragma once

#include "engine/whisper/recognition.hpp"

#include <string_view>

namespace antiphon::engine::whisper {

/// `words` is the text of `heard` after spoken_words().
bool nobody_spoke(const Heard& heard, std::string_view words);

/// Whether a second try with a wider window is worth its time: the text repeated itself, did not come to
/// an end, or was hardly more than guessed.
bool needs_wider_window(const Heard& heard);

}  // namespace antiphon::engine::whisper
