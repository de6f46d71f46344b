#include "base/io_loops.hpp"

#include <algorithm>

namespace antiphon::base {

IoLoops::IoLoops(std::size_t count) {
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) loops_.push_back(std::make_unique<Loop>());
}

IoLoops::~IoLoops() {
    // What a loop has not run may own sockets and timers of another: all of it goes before the first loop does.
    for (const auto& loop : loops_) loop->io.shutdown();
}

std::shared_ptr<AsioStrand> IoLoops::make_strand() {
    const std::size_t first = turn_.fetch_add(1);
    Loop* chosen = nullptr;
    std::size_t fewest = 0;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        Loop& loop = *loops_[(first + i) % loops_.size()];
        const std::size_t strands = loop.strands->load();
        if (chosen != nullptr && strands >= fewest) continue;
        chosen = &loop;
        fewest = strands;
    }
    ++*chosen->strands;
    return {new AsioStrand(AsioStrand::OneThread{chosen->io}), [strands = chosen->strands](AsioStrand* strand) {
                delete strand;
                --*strands;
            }};
}

void IoLoops::stop() {
    for (auto& loop : loops_) loop->io.stop();
}

}  // namespace antiphon::base
