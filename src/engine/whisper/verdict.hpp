// Whether a text that Whisper wrote was said by anybody.
//
// pure. OpenAI's own rule (no speech above 0.6 and a mean log probability below -1) lets invented texts
// pass, since the model is often sure of them. The probability of "no speech" alone tells the two apart
// much better, where it is taken at the start token and the sound was raised to the usual level first.
#pragma once

#include "engine/whisper/recognition.hpp"

#include <string_view>

namespace antiphon::engine::whisper {

/// `words` is the text of `heard` after spoken_words().
bool nobody_spoke(const Heard& heard, std::string_view words);

/// Whether a second try with the full window is worth its time: the text repeated itself, did not come to
/// an end, or has doubtful words. (Twice or three times the cut window was tried and mends nothing.)
bool needs_full_window(const Heard& heard);

}  // namespace antiphon::engine::whisper
