#include "engine/clause_sound.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine {
namespace {

constexpr float kSilenceDbfs = -45.0F;
constexpr base::milliseconds kWindow{5};
constexpr base::milliseconds kLead{10};
constexpr base::milliseconds kRelease{30};

double power(std::span<const float> samples) {
    const double level = audio::rms(samples);
    return level * level;
}

double mean_above(const std::vector<double>& powers, double gate) {
    double sum = 0.0;
    std::size_t count = 0;
    for (const double p : powers)
        if (p >= gate) {
            sum += p;
            ++count;
        }
    return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

base::milliseconds pause_at_normal_speed(char32_t mark) {
    switch (mark) {
        case U'.':
        case U'!':
        case U'?': return base::milliseconds(150);
        case U';':
        case U':': return base::milliseconds(120);
        case U',': return base::milliseconds(90);
        default: return base::milliseconds(40);
    }
}

}  // namespace

base::milliseconds pause_after(char32_t mark, float speed) {
    return base::milliseconds(std::lround(static_cast<float>(pause_at_normal_speed(mark).count()) / speed));
}

float voiced_level_dbfs(std::span<const float> samples, int sample_rate) {
    const std::size_t frame = audio::samples_in(base::milliseconds(20), sample_rate);
    const std::size_t hop = audio::samples_in(base::milliseconds(10), sample_rate);
    std::vector<double> powers;
    for (std::size_t at = 0; at + frame <= samples.size(); at += hop)
        powers.push_back(power(samples.subspan(at, frame)));
    const double loud = mean_above(powers, 1e-6);
    const double voiced = mean_above(powers, std::max(1e-6, loud / 10.0));
    return voiced <= 0.0 ? -120.0F : static_cast<float>(10.0 * std::log10(voiced));
}

std::vector<float> shape_clause(std::span<const float> samples, int sample_rate, const ClauseShape& shape) {
    float peak = 0.0F;
    for (const float sample : samples) peak = std::max(peak, std::abs(sample));
    if (peak <= 0.0F) return {};
    const float wanted = shape.loudness_dbfs - voiced_level_dbfs(samples, sample_rate);
    const float gain = std::min(std::pow(10.0F, std::clamp(wanted, -shape.most_gain_db, shape.most_gain_db) / 20.0F),
                                shape.peak / peak);

    const std::size_t window = audio::samples_in(kWindow, sample_rate);
    const float threshold = std::pow(10.0F, kSilenceDbfs / 20.0F) / gain;
    std::size_t begin = samples.size();
    std::size_t end = 0;
    for (std::size_t at = 0; at < samples.size(); at += window) {
        const std::size_t length = std::min(window, samples.size() - at);
        if (audio::rms(samples.subspan(at, length)) < threshold) continue;
        begin = std::min(begin, at);
        end = at + length;
    }
    if (begin >= end) return {};

    const std::size_t lead = std::min(begin, audio::samples_in(kLead, sample_rate));
    const std::size_t pause = audio::samples_in(shape.pause, sample_rate);
    const std::size_t release = std::min({pause, samples.size() - end, audio::samples_in(kRelease, sample_rate)});
    std::vector<float> out(samples.begin() + static_cast<std::ptrdiff_t>(begin - lead),
                           samples.begin() + static_cast<std::ptrdiff_t>(end + release));
    for (float& sample : out) sample *= gain;
    for (std::size_t i = 0; i < lead; ++i) out[i] *= static_cast<float>(i) / static_cast<float>(lead);
    for (std::size_t i = 0; i < release; ++i)
        out[out.size() - 1 - i] *= static_cast<float>(i) / static_cast<float>(release);
    out.resize(out.size() + pause - release, 0.0F);
    return out;
}

}  // namespace antiphon::engine
