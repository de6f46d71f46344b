#include "engine/sound_check.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace antiphon::engine {
namespace {

constexpr std::size_t kFrame = 16000 / 25;  // 40 ms: three periods of the deepest voice
constexpr std::size_t kStep = kFrame / 2;

}  // namespace

SoundCheck check_sound(std::span<const float> samples) {
    // One pole each: high-pass at 200 Hz against rumble and hum, low-pass at 4 kHz against hiss.
    constexpr float kHigh = 0.925F;  // exp(-2 pi 200 / 16000)
    constexpr float kLow = 0.79F;    // 1 - exp(-2 pi 4000 / 16000)
    std::vector<float> band(samples.size());
    float before = samples.empty() ? 0.0F : samples.front();
    float high = 0.0F;
    float low = 0.0F;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        high = kHigh * (high + samples[i] - before);
        before = samples[i];
        low += kLow * (high - low);
        band[i] = low;
    }
    std::vector<float> levels;
    const std::span<const float> all(band);
    for (std::size_t at = 0; at == 0 || at + kFrame <= all.size(); at += kStep)
        levels.push_back(audio::level_dbfs(all.subspan(at, std::min(kFrame, all.size() - at))));
    std::sort(levels.begin(), levels.end());
    const auto at = [&](double part) {
        return levels[static_cast<std::size_t>(part * static_cast<double>(levels.size() - 1) + 0.5)];
    };
    return {levels.back(), at(0.95) - at(0.1)};
}

}  // namespace antiphon::engine
