// Sounds for the contract suites of the engines that hear. Everything at 16 kHz.
#pragma once

#include "audio/pcm.hpp"
#include "audio/wav.hpp"
#include "source_folder.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace antiphon::contract {

inline constexpr int kHearingRate = 16000;

inline std::size_t samples_of(double seconds) { return static_cast<std::size_t>(seconds * kHearingRate); }

/// "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your
/// country." 11 s (tests/golden/README.md).
inline const audio::Pcm& kennedy() {
    static const audio::Pcm sound = [] {
        auto read = audio::read_wav(std::string(ANTIPHON_SOURCE_DIR) + "/tests/golden/jfk.wav");
        if (!read) throw std::runtime_error(read.error().text);
        return *read;
    }();
    return sound;
}
inline constexpr const char* kKennedyWords =
    "and so my fellow americans ask not what your country can do for you ask what you can do for your country";

/// A part of it, in seconds from its beginning.
inline audio::Pcm kennedy(double from, double to) {
    const auto& all = kennedy().samples;
    const auto at = [&](double seconds) {
        return all.begin() + static_cast<std::ptrdiff_t>(std::min(samples_of(seconds), all.size()));
    };
    return {std::vector<float>(at(from), at(to)), kHearingRate};
}

inline audio::Pcm with_gain(audio::Pcm sound, float gain) {
    for (float& sample : sound.samples) sample *= gain;
    return sound;
}

enum class Noise { silence, white, pink, hum, bursts, clicks, fading };
inline constexpr Noise kSteadyNoises[] = {Noise::silence, Noise::white, Noise::pink, Noise::hum};
inline constexpr Noise kMovingNoises[] = {Noise::bursts, Noise::clicks, Noise::fading};

/// The noise at a level of its root mean square; the same each time.
inline audio::Pcm noise(Noise kind, double seconds, float dbfs) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> samples(samples_of(seconds));
    float slow = 0.0F;
    float slower = 0.0F;
    float quick = 0.0F;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double t = static_cast<double>(i) / kHearingRate;
        const float white = normal(random);
        const auto tone = [&](double hertz) { return std::sin(2.0 * std::numbers::pi * hertz * t); };
        switch (kind) {
            case Noise::silence: break;
            case Noise::white: samples[i] = white; break;
            case Noise::pink:  // Paul Kellet's economy filter
                slower = 0.99765F * slower + white * 0.0990460F;
                slow = 0.96300F * slow + white * 0.2965164F;
                quick = 0.57000F * quick + white * 1.0526913F;
                samples[i] = slower + slow + quick + white * 0.1848F;
                break;
            case Noise::hum:
                samples[i] = static_cast<float>(tone(50) + 0.5 * tone(100) + 0.3 * tone(150)) + 0.01F * white;
                break;
            case Noise::bursts: samples[i] = white * (std::fmod(t, 0.7) < 0.15 ? 1.0F : 0.02F); break;
            case Noise::clicks: samples[i] = white * (std::fmod(t, 0.5) < 0.002 ? 3.0F : 0.01F); break;
            case Noise::fading: samples[i] = white * static_cast<float>(std::pow(10.0, -2.0 * t / seconds)); break;
        }
    }
    const float level = audio::rms(samples);
    const float gain = level > 0.0F ? std::pow(10.0F, dbfs / 20.0F) / level : 0.0F;
    for (float& sample : samples) sample *= gain;
    return {std::move(samples), kHearingRate};
}

}  // namespace antiphon::contract
