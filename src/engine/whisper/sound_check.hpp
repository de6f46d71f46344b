// A sound as Whisper takes it: a faint one raised, a short one padded.
//
// pure. What a sound is like at all, and whether it can hold speech, is engine/sound_check.hpp's.
#pragma once

#include "engine/sound_check.hpp"

#include <span>
#include <vector>

namespace antiphon::engine::whisper {

/// The level to which a faint sound is raised for the model, which knows speech as it is recorded: at
/// 40 dB less, Whisper base takes every second sentence for silence, word for word right as it is.
inline constexpr float kUsualSpeechDbfs = -20.0F;

/// The factor that raises the sound to the usual level of speech; 1 for one that is as loud already.
float gain_for(const SoundCheck& check);

/// The sound as the model takes it: at the usual level of speech, between -1 and 1, which the spectrogram's arithmetic
/// needs, and at least kShortestSound long (window.hpp).
std::vector<float> prepared_sound(std::span<const float> samples, const SoundCheck& check);

}  // namespace antiphon::engine::whisper
