#include "engine/edge_tts/speech_leveler.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine::edge_tts {
namespace {

constexpr float kSilenceDbfs = -45.0F;
constexpr float kMostGainDb = 15.0F;
constexpr float kMostStepDb = 0.1F;
constexpr float kPeak = 0.95F;
constexpr std::size_t kWindowsForGain = 30;
constexpr base::milliseconds kWindow{10};
constexpr std::size_t kFadeWindows = 3;

float factor(float decibels) { return std::pow(10.0F, decibels / 20.0F); }

double mean_above(const std::vector<double>& powers, double gate) {
    double sum = 0.0;
    double count = 0.0;
    for (const double power : powers)
        if (power >= gate) {
            sum += power;
            count += 1.0;
        }
    return count == 0.0 ? 0.0 : sum / count;
}

}  // namespace

SpeechLeveler::SpeechLeveler(int sample_rate, float loudness_dbfs)
    : window_(audio::samples_in(kWindow, sample_rate)), loudness_dbfs_(loudness_dbfs) {}

std::vector<float> SpeechLeveler::process(std::span<const float> samples) {
    rest_.insert(rest_.end(), samples.begin(), samples.end());
    std::vector<float> out;
    std::size_t at = 0;
    for (; at + window_ <= rest_.size(); at += window_)
        take_window(std::span<const float>(rest_).subspan(at, window_), out);
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(at));
    return out;
}

void SpeechLeveler::take_window(std::span<const float> window, std::vector<float>& out) {
    const bool silent = audio::level_dbfs(window) < kSilenceDbfs;
    if (!begun_ && silent) {
        lead_.assign(window.begin(), window.end());
        return;
    }
    if (silent) {
        silence_.insert(silence_.end(), window.begin(), window.end());
        return;
    }
    if (!begun_) {
        begun_ = true;
        for (std::size_t i = 0; i < lead_.size(); ++i)
            ready_.push_back(lead_[i] * static_cast<float>(i) / static_cast<float>(lead_.size()));
    }
    ready_.insert(ready_.end(), silence_.begin(), silence_.end());
    silence_.clear();
    ready_.insert(ready_.end(), window.begin(), window.end());
    const double level = audio::rms(window);
    powers_.push_back(level * level);
    if (powers_.size() >= kWindowsForGain) emit(out);
}

float SpeechLeveler::wanted_gain() const {
    const double loud = mean_above(powers_, 1e-6);
    const double voiced = mean_above(powers_, std::max(1e-6, loud / 10.0));
    const auto level = static_cast<float>(10.0 * std::log10(std::max(voiced, 1e-12)));
    return factor(std::clamp(loudness_dbfs_ - level, -kMostGainDb, kMostGainDb));
}

void SpeechLeveler::emit(std::vector<float>& out) {
    const float wanted = wanted_gain();
    const float before = gain_ == 0.0F ? wanted : gain_;
    gain_ = std::clamp(wanted, before * factor(-kMostStepDb), before * factor(kMostStepDb));
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        const float share = static_cast<float>(i) / static_cast<float>(ready_.size());
        out.push_back(std::clamp(ready_[i] * (before + (gain_ - before) * share), -kPeak, kPeak));
    }
    ready_.clear();
}

std::vector<float> SpeechLeveler::pause(base::milliseconds length) {
    std::vector<float> out;
    if (!begun_) {
        rest_.clear();
        return out;
    }
    if (!ready_.empty()) emit(out);
    silence_.insert(silence_.end(), rest_.begin(), rest_.end());
    rest_.clear();
    const std::size_t wanted = window_ * static_cast<std::size_t>(std::max(length / kWindow, 0L));
    const std::size_t kept = std::min({silence_.size(), wanted, kFadeWindows * window_});
    for (std::size_t i = 0; i < kept; ++i)
        out.push_back(std::clamp(silence_[i] * gain_, -kPeak, kPeak) * (1.0F - static_cast<float>(i) / static_cast<float>(kept)));
    out.resize(out.size() + wanted - kept, 0.0F);
    silence_.clear();
    return out;
}

}  // namespace antiphon::engine::edge_tts
