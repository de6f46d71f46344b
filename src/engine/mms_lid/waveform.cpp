#include "engine/mms_lid/waveform.hpp"

#include <cmath>

namespace antiphon::engine::mms_lid {

std::vector<float> normalised(std::span<const float> samples) {
    constexpr double kEpsilon = 1e-7;
    // In double: sums of a hundred thousand floats would lose what a quiet sound beside the zero line consists of.
    const double count = static_cast<double>(samples.size());
    double sum = 0.0;
    for (const float sample : samples) sum += sample;
    const double mean = samples.empty() ? 0.0 : sum / count;
    double squares = 0.0;
    for (const float sample : samples) squares += (sample - mean) * (sample - mean);
    const double scale = samples.empty() ? 1.0 : 1.0 / std::sqrt(squares / count + kEpsilon);
    std::vector<float> out;
    out.reserve(samples.size());
    for (const float sample : samples) out.push_back(static_cast<float>((sample - mean) * scale));
    return out;
}

}  // namespace antiphon::engine::mms_lid
