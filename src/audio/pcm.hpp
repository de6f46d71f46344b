// Sound as the house carries it: one channel of floats, nominally within -1..1.
//
// pure. 16-bit integers exist only at the edges (wire formats and files).
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::audio {

struct Pcm {
    std::vector<float> samples;
    int sample_rate = 0;  ///< samples per second, > 0

    base::Duration duration() const;
};

/// How long `count` samples last, and how many samples last `d` (rounded down).
base::Duration duration_of(std::size_t count, int sample_rate);
std::size_t samples_in(base::Duration d, int sample_rate);

/// Little-endian signed 16-bit, the wire's audio/pcm. An odd last byte is the caller's fault: it is
/// left out, so check the size first.
std::vector<float> from_s16le(std::span<const std::uint8_t> bytes);
/// The inverse, to the bit; clips to -1..1, NaN becomes 0.
std::vector<std::uint8_t> to_s16le(std::span<const float> samples);

/// Root mean square; 0 for no samples.
float rms(std::span<const float> samples);
/// 20 log10(rms); -120 for silence.
float level_dbfs(std::span<const float> samples);

/// Whether every sample is a finite number.
bool all_finite(std::span<const float> samples);

}  // namespace antiphon::audio
