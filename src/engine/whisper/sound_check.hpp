// Whether a sound can hold speech at all, before a model is asked.
//
// pure. Whisper writes words under silence and under steady noise with all confidence. Two things
// that speech never lacks are cheap to see: a level above the floor of any microphone, and a level that
// moves: syllables come 3 to 8 times a second, 15 dB and more apart, while hiss, hum and rain stand still.
#pragma once

#include <span>
#include <vector>

namespace antiphon::engine::whisper {

struct SoundCheck {
    float loudest_dbfs = -120.0F;  ///< level of the loudest 40 ms
    float swing_db = 0.0F;         ///< how far the level moves: the loud frames above the quiet ones
};

/// Looks at the band of speech (about 200 Hz to 4 kHz). 16 kHz.
SoundCheck check_sound(std::span<const float> samples);

/// Below it there is only the converter's own noise (16-bit rounding is at -101 dBFS).
inline constexpr float kFaintestSpeechDbfs = -75.0F;
/// Speech in steady noise as loud as itself still swings by more.
inline constexpr float kLeastSwingDb = 5.0F;

/// The level to which a faint sound is raised for the model, which knows speech as it is recorded: at
/// 40 dB less, Whisper base takes every second sentence for silence, word for word right as it is.
inline constexpr float kUsualSpeechDbfs = -20.0F;

/// The factor that raises the sound to the usual level of speech; 1 for one that is as loud already.
float gain_for(const SoundCheck& check);

/// The sound as the model takes it: at the usual level of speech, between -1 and 1, which the spectrogram's arithmetic
/// needs, and at least kShortestSound long (window.hpp).
std::vector<float> prepared_sound(std::span<const float> samples, const SoundCheck& check);

inline bool can_hold_speech(const SoundCheck& check) {
    return check.loudest_dbfs > kFaintestSpeechDbfs && check.swing_db > kLeastSwingDb;
}

}  // namespace antiphon::engine::whisper
