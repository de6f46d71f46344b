#include "audio/pcm.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace antiphon::audio {

base::Duration duration_of(std::size_t count, int sample_rate) {
    return std::chrono::duration_cast<base::Duration>(
        std::chrono::duration<double>(static_cast<double>(count) / static_cast<double>(sample_rate)));
}

std::size_t samples_in(base::Duration d, int sample_rate) {
    if (d <= base::Duration::zero()) return 0;
    // Half a microsecond forgives the rounding of a duration that came from a sample count.
    return static_cast<std::size_t>((base::seconds(d) + 5e-7) * sample_rate);
}

base::Duration Pcm::duration() const { return duration_of(samples.size(), sample_rate); }

std::vector<float> from_s16le(std::span<const std::uint8_t> bytes) {
    std::vector<float> samples(bytes.size() / 2);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto value = static_cast<std::int16_t>(static_cast<std::uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8));
        samples[i] = static_cast<float>(value) / 32768.0F;
    }
    return samples;
}

std::vector<std::uint8_t> to_s16le(std::span<const float> samples) {
    // Added to a small number, this leaves no bits for its fraction: the lowest bits of the sum are the number rounded
    // to the nearest whole one, to the even one of two, as std::lrint has it and several at a time.
    constexpr float kNoFraction = 12'582'912.0F;  // 1.5 * 2^23
    std::vector<std::uint8_t> bytes(samples.size() * 2);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const float number = samples[i] == samples[i] ? samples[i] * 32768.0F : 0.0F;  // NaN is unlike itself
        const float sample = std::min(std::max(number, -32768.0F), 32767.0F);
        const auto value = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(sample + kNoFraction));
        bytes[2 * i] = static_cast<std::uint8_t>(value & 0xFFU);
        bytes[2 * i + 1] = static_cast<std::uint8_t>(value >> 8);
    }
    return bytes;
}

float rms(std::span<const float> samples) {
    if (samples.empty()) return 0.0F;
    double sum = 0.0;
    for (const float sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
    return static_cast<float>(std::sqrt(sum / static_cast<double>(samples.size())));
}

float level_dbfs(std::span<const float> samples) {
    const float level = rms(samples);
    return level < 1e-6F ? -120.0F : 20.0F * std::log10(level);
}

bool all_finite(std::span<const float> samples) {
    // Without an early end, several at a time: nearly always all of them are.
    constexpr std::uint32_t kExponent = 0x7F80'0000U;
    std::uint32_t strange = 0;
    for (const float sample : samples) strange |= (std::bit_cast<std::uint32_t>(sample) & kExponent) == kExponent ? 1U : 0U;
    return strange == 0;
}

}  // namespace antiphon::audio
