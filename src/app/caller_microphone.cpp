#include "app/caller_microphone.hpp"

#include <utility>

namespace antiphon::app {
namespace {

/// Uniform noise of this amplitude has an RMS of 10^(-65/20).
constexpr double kNoiseAmplitude = 0.000974;

float noise(std::mt19937& random) {
    // Not a std:: distribution: those differ between libraries, and the sound must not.
    return static_cast<float>((static_cast<double>(random()) / 4294967295.0 * 2.0 - 1.0) * kNoiseAmplitude);
}

}  // namespace

std::size_t CallerMicrophone::speak(std::vector<float> sound) {
    sound_ = std::move(sound);
    spoken_ = 0;
    return sent_.size();
}

std::span<const float> CallerMicrophone::next_frame() {
    for (std::size_t i = 0; i < kFrame; ++i) {
        const float voice = speaking() ? sound_[spoken_++] : 0.0F;
        sent_.push_back(voice + noise(random_));
    }
    return std::span<const float>(sent_).last(kFrame);
}

}  // namespace antiphon::app
