#include "listen/sound_memory.hpp"

#include "audio/pcm.hpp"

#include <algorithm>

namespace antiphon::listen {

base::Duration duration_between(Position from, Position to) {
    return from < to ? audio::duration_of(static_cast<std::size_t>(to - from), kSampleRate) : base::Duration::zero();
}

std::size_t SoundMemory::append(std::span<const float> samples) {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
    const std::size_t held = samples_.size() - head_;
    if (held <= limit_) return 0;
    const std::size_t dropped = held - limit_;
    forget_before(begin_ + static_cast<Position>(dropped));
    return dropped;
}

void SoundMemory::forget_before(Position position) {
    const Position count = std::min(position, end()) - begin_;
    if (count <= 0) return;
    head_ += static_cast<std::size_t>(count);
    begin_ += count;
    // Moving the rest to the front each time would cost more than the memory it saves.
    if (head_ > samples_.size() / 2) {
        samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
}

std::vector<float> SoundMemory::copy(Position from, Position to) const {
    const auto there = view(from, to);
    return {there.begin(), there.end()};
}

std::span<const float> SoundMemory::view(Position from, Position to) const {
    from = std::clamp(from, begin_, end());
    to = std::clamp(to, from, end());
    return std::span(samples_).subspan(head_ + static_cast<std::size_t>(from - begin_), static_cast<std::size_t>(to - from));
}

}  // namespace antiphon::listen
