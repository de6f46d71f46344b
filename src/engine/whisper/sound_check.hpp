// How far a faint sound is raised for Whisper.
//
// pure. What a sound is like at all is engine/sound_check.hpp's.
#pragma once

#include "engine/sound_check.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine::whisper {

/// The level to which a faint sound is raised for the model, which knows speech as it is recorded: at
/// 40 dB less, Whisper base takes every second sentence for silence, word for word right as it is.
inline constexpr float kUsualSpeechDbfs = -20.0F;

/// The factor that raises the sound to the usual level of speech; 1 for one that is as loud already.
inline float gain_for(const SoundCheck& check) {
    return std::pow(10.0F, std::max(kUsualSpeechDbfs - check.loudest_dbfs, 0.0F) / 20.0F);
}

}  // namespace antiphon::engine::whisper
