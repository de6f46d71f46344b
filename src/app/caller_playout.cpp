#include "app/caller_playout.hpp"

#include <algorithm>

namespace antiphon::app {

std::size_t CallerPlayout::take(std::span<const float> chunk, base::Duration at) {
    auto& samples = played_.samples;
    const std::size_t begin = std::max(samples.size(), audio::samples_in(at, played_.sample_rate));
    if (chunk.empty()) return begin;
    samples.resize(begin, 0.0F);
    samples.insert(samples.end(), chunk.begin(), chunk.end());
    return begin;
}

void CallerPlayout::cut(base::Duration at) {
    played_.samples.resize(std::min(played_.samples.size(), audio::samples_in(at, played_.sample_rate)));
}

}  // namespace antiphon::app
