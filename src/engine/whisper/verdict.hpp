// Whether a text that Whisper wrote was said by anybody, and whether to look again.
//
// pure. OpenAI's own rule (no speech above 0.6 and a mean log probability below -1) lets invented texts
// pass, since the model is often sure of them. The probability of "no speech" tells much better, where it
// is taken at the start token and the sound was raised to the usual level first. Measured with base and
// tiny.en on noises (steady, bursts, clicks, wind, beeps) and on spoken words down to a single "Yes.":
//     full window   noise from 0.74 up, words at most 0.25
//     cut window    noise from 0.47 up with a mean log probability mostly below -0.9, words up to 0.75
// So the full window is certain; the cut one is not always, and is then asked again with the full one.
#pragma once

#include "engine/whisper/recognition.hpp"

#include <string_view>

namespace antiphon::engine::whisper {

enum class Verdict {
    spoken,
    nobody,
    unsure,  ///< of a cut window only: take the full one. (Two or three times the cut one mends nothing.)
};

/// `words` is the text of `heard` after spoken_words(). The cut window is also unsure of a text that
/// repeated itself, did not come to an end, or has doubtful words.
Verdict judge(const Heard& heard, std::string_view words, bool full_window);

}  // namespace antiphon::engine::whisper
