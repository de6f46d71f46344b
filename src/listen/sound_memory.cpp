#include "listen/sound_memory.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {

namespace {

/// An eighth stays free, so that what counts is moved to the front seldom.
constexpr std::size_t kSpare = 8;
/// Memory for more than this many times what counts is given back: after a long utterance.
constexpr std::size_t kMostUnused = 3;

}  // namespace

base::Duration duration_between(Position from, Position to) {
    return from < to ? audio::duration_of(static_cast<std::size_t>(to - from), kSampleRate) : base::Duration::zero();
}

std::size_t SoundMemory::append(std::span<const float> samples) {
    const std::size_t wanted = samples_.size() - head_ + samples.size();
    if (samples_.size() + samples.size() > samples_.capacity() || samples_.capacity() > kMostUnused * wanted)
        make_room(wanted);
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
}

void SoundMemory::make_room(std::size_t wanted) {
    const std::size_t room = wanted + wanted / kSpare;
    const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
    if (samples_.capacity() >= room && samples_.capacity() <= kMostUnused * wanted) {
        samples_.erase(samples_.begin(), begin);
    } else {
        std::vector<float> moved;
        moved.reserve(room);
        moved.assign(begin, samples_.end());
        samples_ = std::move(moved);
    }
    head_ = 0;
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
