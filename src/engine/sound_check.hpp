// Whether a sound can hold speech at all, before a model is asked.
//
// pure. Models write words, and find languages, under silence and under steady noise with all confidence. Two
// things that speech never lacks are cheap to see: a level above the floor of any microphone, and a level that
// moves: syllables come 3 to 8 times a second, 15 dB and more apart, while hiss, hum and rain stand still.
#pragma once

#include <span>

namespace antiphon::engine {

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

inline bool can_hold_speech(const SoundCheck& check) {
    return check.loudest_dbfs > kFaintestSpeechDbfs && check.swing_db > kLeastSwingDb;
}

}  // namespace antiphon::engine
