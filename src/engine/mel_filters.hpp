// The mel filter bank that Whisper was trained with.
//
// pure.
#pragma once

#include <vector>

namespace antiphon::engine {

/// `mels` triangular filters over the 201 bins of a 400-point transform at 16 kHz, filter by filter: the
/// Slaney mel scale with each filter's area made one, as librosa.filters.mel(sr=16000, n_fft=400) gives it.
/// Computed in double, then rounded; built without fused multiply-add, so that the bits are the same
/// everywhere.
std::vector<float> slaney_mel_filters(int mels);

inline constexpr int kMelBins = 201;

}  // namespace antiphon::engine
