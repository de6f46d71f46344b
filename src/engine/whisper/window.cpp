#include "engine/whisper/window.hpp"

#include <algorithm>

namespace antiphon::engine::whisper {
namespace {

/// `per_second` for each started part of a second, rounded up.
int scaled(std::size_t samples, int per_second) {
    const auto scaled_samples = samples * static_cast<std::size_t>(per_second);
    return static_cast<int>((scaled_samples + kSampleRate - 1) / kSampleRate);
}

}  // namespace

int cut_window(std::size_t samples) {
    const int frames = std::max(scaled(samples, kFramesPerSecond) + kMargin, kLeastWindow);
    // Whole blocks of eight keep the matrix products of the encoder on their fast path.
    return std::min((frames + 7) / 8 * 8, kFullWindow);
}

int token_budget(std::size_t samples) { return scaled(samples, 7) + 8; }

}  // namespace antiphon::engine::whisper
