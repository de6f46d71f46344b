// G.711, the telephone's eight bits a sample: mu-law and A-law.
//
// pure. ITU-T Recommendation G.711 (11/88). In floats as all sound in the house, full scale of 16 bits being 1.
#pragma once

#include "audio/encoding.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::audio {

std::vector<float> from_mulaw(std::span<const std::uint8_t> bytes);
std::vector<float> from_alaw(std::span<const std::uint8_t> bytes);

/// By the recommendation's decision values, so off by half a step at most; clips to -1..1, NaN becomes silence. What
/// from_mulaw() or from_alaw() gave comes back to the bit, but for the negative zero of mu-law.
std::vector<std::uint8_t> to_mulaw(std::span<const float> samples);
std::vector<std::uint8_t> to_alaw(std::span<const float> samples);

/// Bytes a sample takes on the wire.
constexpr std::size_t bytes_per_sample(Encoding encoding) { return encoding == Encoding::pcm16 ? 2 : 1; }

/// Any of the encodings. The bytes must be a whole number of samples; a last one that is cut is left out.
std::vector<float> decode(std::span<const std::uint8_t> bytes, Encoding encoding);
std::vector<std::uint8_t> encode(std::span<const float> samples, Encoding encoding);

}  // namespace antiphon::audio
