// Cuts an utterance that is too long for the recognizer where it is quietest.
//
// pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace antiphon::listen {

/// Consecutive parts of `sound`, none longer than `longest` samples. Each cut lies in the middle of the
/// quietest 100 ms of the last quarter of a part.
std::vector<std::span<const float>> slices(std::span<const float> sound, std::size_t longest);

}  // namespace antiphon::listen
