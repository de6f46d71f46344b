// A sound as wav2vec2 takes it: moved and scaled to zero mean and unit variance.
//
// pure. As transformers' Wav2Vec2FeatureExtractor (zero_mean_unit_var_norm): (x - mean) / sqrt(variance + 1e-7),
// the variance divided by the number of samples. The cutting into frames (25 ms, each 20 ms) is the network's first
// seven layers.
#pragma once

#include <span>
#include <vector>

namespace antiphon::engine::mms_lid {

/// Every sample must be finite. A constant sound gives zeros.
std::vector<float> normalised(std::span<const float> samples);

}  // namespace antiphon::engine::mms_lid
