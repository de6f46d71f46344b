#include "engine/mel_filters.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine {
namespace {

constexpr double kHighest = 8000.0;  // half of 16 kHz

// Slaney's scale: linear up to 1 kHz (15 mel), logarithmic above it.
double mel_of(double hertz) {
    return hertz >= 1000.0 ? 15.0 + std::log(hertz / 1000.0) / (std::log(6.4) / 27.0) : hertz / (200.0 / 3.0);
}

double hertz_of(double mel) {
    return mel >= 15.0 ? 1000.0 * std::exp((std::log(6.4) / 27.0) * (mel - 15.0)) : mel * 200.0 / 3.0;
}

/// Evenly spaced points, both ends among them.
std::vector<double> evenly(double first, double last, int count) {
    std::vector<double> points;
    const double step = (last - first) / (count - 1);
    for (int i = 0; i < count; ++i) points.push_back(i * step + first);
    points.back() = last;
    return points;
}

}  // namespace

std::vector<float> slaney_mel_filters(int mels) {
    const std::vector<double> bins = evenly(0.0, kHighest, kMelBins);
    std::vector<double> corners = evenly(mel_of(0.0), mel_of(kHighest), mels + 2);
    for (double& corner : corners) corner = hertz_of(corner);

    std::vector<float> filters;
    for (std::size_t m = 0; m < static_cast<std::size_t>(mels); ++m) {
        const double area = 2.0 / (corners[m + 2] - corners[m]);
        for (const double bin : bins) {
            const double rise = -(corners[m] - bin) / (corners[m + 1] - corners[m]);
            const double fall = (corners[m + 2] - bin) / (corners[m + 2] - corners[m + 1]);
            // The edge first: at the lowest corner it is -0.0, and stays so, as in the files that numpy makes.
            filters.push_back(static_cast<float>(std::max(std::min(rise, fall), 0.0) * area));
        }
    }
    return filters;
}

}  // namespace antiphon::engine
