#include "app/caller_latency.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace antiphon::app {
namespace {

constexpr double kAudibleDbfs = -45.0;
constexpr double kSpeechRangeDb = 35.0;

double power_of(double decibels) { return std::pow(10.0, decibels / 10.0); }

/// The mean power of any window, from running sums.
class Windows {
public:
    explicit Windows(const audio::Pcm& sound)
        : width_(static_cast<std::size_t>(sound.sample_rate / 100)),
          step_(static_cast<std::size_t>(sound.sample_rate / 1000)) {
        sums_.reserve(sound.samples.size() + 1);
        sums_.push_back(0.0);
        for (const float sample : sound.samples) {
            const double value = std::isfinite(sample) ? static_cast<double>(sample) : 0.0;
            sums_.push_back(sums_.back() + value * value);
        }
    }

    std::size_t width() const { return width_; }
    std::size_t step() const { return step_; }
    bool fits(std::size_t begin, std::size_t windows = 1) const { return begin + windows * width_ < sums_.size(); }
    double power(std::size_t begin) const {
        return (sums_[begin + width_] - sums_[begin]) / static_cast<double>(width_);
    }

private:
    std::size_t width_;
    std::size_t step_;
    std::vector<double> sums_;
};

}  // namespace

std::optional<std::size_t> last_speech_sample(const audio::Pcm& sound) {
    const Windows windows(sound);
    double loudest = 0.0;
    for (std::size_t at = 0; windows.fits(at); at += windows.step()) loudest = std::max(loudest, windows.power(at));
    const double threshold = std::max(power_of(kAudibleDbfs), loudest * power_of(-kSpeechRangeDb));

    std::optional<std::size_t> last;
    for (std::size_t at = 0; windows.fits(at); at += windows.step())
        if (windows.power(at) > threshold) last = at;
    if (!last) return std::nullopt;
    const auto amplitude = static_cast<float>(std::sqrt(threshold));
    std::size_t sample = *last + windows.width() - 1;
    while (sample > *last && std::abs(sound.samples[sample]) < amplitude) --sample;
    return sample;
}

std::optional<std::size_t> first_audible_sample(const audio::Pcm& sound, std::size_t from) {
    const Windows windows(sound);
    const double threshold = power_of(kAudibleDbfs);
    const auto amplitude = static_cast<float>(std::sqrt(threshold));
    for (std::size_t at = from; windows.fits(at); at += windows.step()) {
        if (windows.power(at) <= threshold) continue;
        std::size_t sample = at;
        while (sample + 1 < at + windows.width() && std::abs(sound.samples[sample]) < amplitude) ++sample;
        // Three windows from the sample itself: those that only overlap it would let a click last longer.
        if (!windows.fits(sample, 3)) return std::nullopt;
        bool sustained = true;
        for (std::size_t i = 0; i < 3; ++i)
            sustained = sustained && windows.power(sample + i * windows.width()) > threshold;
        if (sustained) return sample;
    }
    return std::nullopt;
}

}  // namespace antiphon::app
