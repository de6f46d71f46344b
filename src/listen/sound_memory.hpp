// The caller's recent sound, addressed by its position since the call began.
//
// pure. Bounded: what goes beyond the limit is dropped, oldest first.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::listen {

/// A place in the caller's sound: samples at 16 kHz since the call began.
using Position = std::int64_t;
inline constexpr int kSampleRate = 16000;

inline std::int64_t milliseconds_at(Position position) { return position * 1000 / kSampleRate; }
base::Duration duration_between(Position from, Position to);

class SoundMemory {
public:
    explicit SoundMemory(std::size_t limit) : limit_(limit) {}

    /// Answers how many of the oldest samples had to go.
    std::size_t append(std::span<const float> samples);

    /// Forgets what is older than `position`.
    void forget_before(Position position);

    Position begin() const { return begin_; }
    Position end() const { return begin_ + static_cast<Position>(samples_.size() - head_); }

    /// The samples from..to, as far as they are there.
    std::vector<float> copy(Position from, Position to) const;
    /// The same in place, good until the next append() or forget_before().
    std::span<const float> view(Position from, Position to) const;

    /// Samples that there is memory for; at most three times those that count after an append().
    std::size_t room() const { return samples_.capacity(); }

private:
    void make_room(std::size_t wanted);

    const std::size_t limit_;
    std::vector<float> samples_;
    std::size_t head_ = 0;  ///< index of the oldest sample that counts
    Position begin_ = 0;
};

}  // namespace antiphon::listen
