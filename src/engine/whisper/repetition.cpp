#include "engine/whisper/repetition.hpp"

#include <algorithm>

namespace antiphon::engine::whisper {
namespace {

std::size_t turns_of_a_loop(std::size_t run) {
    if (run <= 2) return 5;
    return run < 6 ? 3 : 2;
}

}  // namespace

std::size_t repeated_tail(std::span<const std::int32_t> tokens) {
    for (std::size_t run = 1; run * 2 <= tokens.size(); ++run) {
        // The tail repeats with period `run` as long as each token equals the one a run before it.
        std::size_t same = 0;
        while (same + run < tokens.size() && tokens[tokens.size() - 1 - same] == tokens[tokens.size() - 1 - same - run])
            ++same;
        if (same >= run * (turns_of_a_loop(run) - 1)) return same;
    }
    return 0;
}

}  // namespace antiphon::engine::whisper
