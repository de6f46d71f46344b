// How much of Whisper's 30-second window an utterance needs, and how many tokens it can hold.
//
// pure. Whisper's encoder takes 1500 frames of 20 ms whatever was said; its time grows with the number
// of frames, so a short utterance is given a window cut to its length (`audio_ctx` in whisper.cpp).
// Cutting too tight makes the decoder repeat itself: the model has seen only sound that is followed by
// silence, hence the margin (FUTO's whisper-acft measured 64 frames: WER 19 against 18 of the full
// window, and 318 without any), the bound on the tokens and the second try (verdict.hpp).
#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace antiphon::engine::whisper {

inline constexpr int kSampleRate = 16000;
inline constexpr int kFramesPerSecond = 50;
inline constexpr int kFullWindow = 1500;  ///< frames of the 30 s that the model was trained on
inline constexpr int kMargin = 64;        ///< frames of silence after the sound
inline constexpr int kLeastWindow = 200;  ///< below, the model is unsure whether anybody speaks at all

/// Sound shorter than this is padded with silence: whisper.cpp ignores less than 100 ms, and its
/// spectrogram reads 200 samples past the beginning without looking.
inline constexpr std::size_t kShortestSound = kSampleRate;

/// The frames for a sound of so many samples: 50 per second and the margin, from the least to the full window.
int cut_window(std::size_t samples);

/// The most tokens that a person says in so many samples: 7 a second (fast English is 4 to 5) and 8.
int token_budget(std::size_t samples);

}  // namespace antiphon::engine::whisper
