// What the terminal caller hears: the answer's sound placed on the caller's clock as a player would play it.
//
// pure. A chunk follows the one before it without a gap, or begins on arrival when everything before it
// has been played: a late chunk is heard late. Positions are samples since the call's first sample.
#pragma once

#include "audio/pcm.hpp"
#include "base/clock.hpp"

#include <cstddef>
#include <span>

namespace antiphon::app {

class CallerPlayout {
public:
    explicit CallerPlayout(int sample_rate) { played_.sample_rate = sample_rate; }

    /// Takes a chunk that arrived `at` this time of the call. Gives the position of its first sample.
    std::size_t take(std::span<const float> chunk, base::Duration at);

    /// Drops what would be heard after `at`, as a player does when the caller speaks up.
    void cut(base::Duration at);

    /// When the last sample so far is over.
    base::Duration end() const { return played_.duration(); }

    /// All of it, silence between the answers included.
    const audio::Pcm& played() const { return played_; }

private:
    audio::Pcm played_;
};

}  // namespace antiphon::app
