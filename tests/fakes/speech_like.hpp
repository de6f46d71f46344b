// What the fakes that hear take for speech.
//
// pure.
#pragma once

#include "audio/pcm.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

namespace antiphon::fakes {

/// Loud and quiet stretches of 40 ms at 16 kHz more than 6 dB apart, in the differences of neighbouring samples (which takes
/// the rumble out). At least one sample.
inline bool sounds_like_speech(std::span<const float> samples) {
    std::vector<float> steps(samples.size());
    std::adjacent_difference(samples.begin(), samples.end(), steps.begin());
    steps.front() = 0.0F;
    float loudest = -120.0F;
    float faintest = 0.0F;
    for (std::size_t at = 0; at + 640 <= steps.size(); at += 640) {
        const float level = audio::level_dbfs(std::span<const float>(steps).subspan(at, 640));
        loudest = std::max(loudest, level);
        faintest = std::min(faintest, level);
    }
    return loudest > -80.0F && loudest - faintest > 6.0F;
}

}  // namespace antiphon::fakes
