#include "engine/whisper/sound_check.hpp"

#include "engine/whisper/window.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine::whisper {

float gain_for(const SoundCheck& check) {
    return std::pow(10.0F, std::max(kUsualSpeechDbfs - check.loudest_dbfs, 0.0F) / 20.0F);
}

std::vector<float> prepared_sound(std::span<const float> samples, const SoundCheck& check) {
    const float gain = gain_for(check);
    std::vector<float> out(samples.begin(), samples.end());
    for (float& sample : out) sample = std::clamp(sample * gain, -1.0F, 1.0F);
    out.resize(std::max(out.size(), kShortestSound), 0.0F);
    return out;
}

}  // namespace antiphon::engine::whisper
