#include "audio/g711.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace antiphon::audio {
namespace {

/// Both laws keep a sign, a segment (an exponent of two) and four bits of mantissa. In mu-law the segments begin
/// at multiples of this bias, of which half a step is the middle of the first interval.
constexpr int kBias = 0x84;
constexpr int kHighestMulaw = 32767 - kBias;
/// The even bits of A-law go inverted over the line.
constexpr unsigned kAlawMask = 0x55;

constexpr float mulaw_value(unsigned byte) {
    const unsigned bits = ~byte & 0xFFU;
    const int magnitude = ((static_cast<int>(bits & 0x0FU) << 3) + kBias) << ((bits & 0x70U) >> 4);
    return static_cast<float>((bits & 0x80U) != 0 ? kBias - magnitude : magnitude - kBias) / 32768.0F;
}

constexpr float alaw_value(unsigned byte) {
    const unsigned bits = byte ^ kAlawMask;
    const unsigned segment = (bits & 0x70U) >> 4;
    int magnitude = (static_cast<int>(bits & 0x0FU) << 4) + 8;
    if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
    return static_cast<float>((bits & 0x80U) != 0 ? magnitude : -magnitude) / 32768.0F;
}

template <typename Value>
constexpr std::array<float, 256> table(Value value) {
    std::array<float, 256> values{};
    for (unsigned byte = 0; byte < values.size(); ++byte) values[byte] = value(byte);
    return values;
}

constexpr auto kMulaw = table(mulaw_value);
constexpr auto kAlaw = table(alaw_value);

std::vector<float> look_up(std::span<const std::uint8_t> bytes, const std::array<float, 256>& values) {
    std::vector<float> samples(bytes.size());
    std::transform(bytes.begin(), bytes.end(), samples.begin(), [&](std::uint8_t byte) { return values[byte]; });
    return samples;
}

int to_sixteen_bits(float sample) {
    if (std::isnan(sample)) return 0;
    return static_cast<int>(std::lrint(std::clamp(sample * 32768.0F, -32768.0F, 32767.0F)));
}

unsigned logarithm(int magnitude) { return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(magnitude))) - 1U; }

std::uint8_t mulaw_byte(float sample) {
    const int value = to_sixteen_bits(sample);
    const int magnitude = std::min(value < 0 ? -value : value, kHighestMulaw) + kBias;
    const unsigned segment = logarithm(magnitude) - 7U;  // 0x84 lies in the first
    const unsigned mantissa = static_cast<unsigned>(magnitude) >> (segment + 3U) & 0x0FU;
    return static_cast<std::uint8_t>(~((value < 0 ? 0x80U : 0U) | segment << 4 | mantissa));
}

std::uint8_t alaw_byte(float sample) {
    const int value = to_sixteen_bits(sample);
    const int magnitude = std::min(value < 0 ? -value : value, 32767);
    const unsigned segment = magnitude < 0x100 ? 0U : logarithm(magnitude) - 7U;
    const unsigned mantissa = static_cast<unsigned>(magnitude) >> (std::max(segment, 1U) + 3U) & 0x0FU;
    return static_cast<std::uint8_t>(((value < 0 ? 0U : 0x80U) | segment << 4 | mantissa) ^ kAlawMask);
}

std::vector<std::uint8_t> convert(std::span<const float> samples, std::uint8_t (*byte)(float)) {
    std::vector<std::uint8_t> bytes(samples.size());
    std::transform(samples.begin(), samples.end(), bytes.begin(), byte);
    return bytes;
}

}  // namespace

std::vector<float> from_mulaw(std::span<const std::uint8_t> bytes) { return look_up(bytes, kMulaw); }
std::vector<float> from_alaw(std::span<const std::uint8_t> bytes) { return look_up(bytes, kAlaw); }

std::vector<std::uint8_t> to_mulaw(std::span<const float> samples) { return convert(samples, mulaw_byte); }
std::vector<std::uint8_t> to_alaw(std::span<const float> samples) { return convert(samples, alaw_byte); }

std::vector<float> decode(std::span<const std::uint8_t> bytes, Encoding encoding) {
    switch (encoding) {
        case Encoding::pcm16: return from_s16le(bytes);
        case Encoding::mulaw: return from_mulaw(bytes);
        case Encoding::alaw: return from_alaw(bytes);
    }
    return {};
}

std::vector<std::uint8_t> encode(std::span<const float> samples, Encoding encoding) {
    switch (encoding) {
        case Encoding::pcm16: return to_s16le(samples);
        case Encoding::mulaw: return to_mulaw(samples);
        case Encoding::alaw: return to_alaw(samples);
    }
    return {};
}

}  // namespace antiphon::audio
