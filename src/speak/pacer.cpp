#include "speak/pacer.hpp"

#include "audio/pcm.hpp"

#include <algorithm>

namespace antiphon::speak {

Pacer::Pacer(int sample_rate, base::milliseconds lead)
    : sample_rate_(sample_rate), lead_(lead), frame_(audio::samples_in(kFrame, sample_rate)) {}

base::Duration Pacer::length(std::int64_t samples) const {
    return audio::duration_of(static_cast<std::size_t>(samples), sample_rate_);
}

void Pacer::push(std::span<const float> samples) {
    // Moving the rest to the front each time would cost more than the memory it saves.
    if (head_ > sound_.size() / 2) {
        sound_.erase(sound_.begin(), sound_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
    sound_.insert(sound_.end(), samples.begin(), samples.end());
}

base::Duration Pacer::waiting_duration() const { return audio::duration_of(waiting(), sample_rate_); }

std::optional<base::Time> Pacer::due() const {
    if (held_ || waiting() == 0 || (waiting() < frame_ && !finished_)) return std::nullopt;
    if (!spurt_start_) return base::Time::min();
    return *spurt_start_ + length(spurt_sent_) - lead_;
}

std::optional<std::span<const float>> Pacer::next(base::Time now) {
    const auto when = due();
    if (!when || *when > now) return std::nullopt;
    if (!spurt_start_ || now > *spurt_start_ + length(spurt_sent_)) {
        // The client has played all it had (or nothing yet): it begins anew with this frame.
        before_ += spurt_sent_;
        spurt_sent_ = 0;
        spurt_start_ = now;
    }
    const std::size_t count = std::min(frame_, waiting());
    const auto frame = std::span<const float>(sound_).subspan(head_, count);
    head_ += count;
    spurt_sent_ += static_cast<std::int64_t>(count);
    return frame;
}

void Pacer::put_back(std::span<const float> samples) {
    const auto count = std::min(static_cast<std::int64_t>(samples.size()), sent());
    if (count <= 0) return;
    const auto last = samples.last(static_cast<std::size_t>(count));
    sound_.insert(sound_.begin() + static_cast<std::ptrdiff_t>(head_), last.begin(), last.end());
    // What was sent before has been played meanwhile; the next frame begins a spurt.
    before_ = sent() - count;
    spurt_sent_ = 0;
    spurt_start_.reset();
}

void Pacer::rewind(base::Duration unheard, base::Time now) {
    const auto count = std::min(static_cast<std::int64_t>(audio::samples_in(unheard, sample_rate_)), sent());
    if (count <= 0) return;
    before_ = sent() - count;
    spurt_sent_ = count;
    spurt_start_ = now;
}

std::vector<float> Pacer::clear() {
    const std::size_t count = std::min(audio::samples_in(kFade, sample_rate_), waiting());
    const auto first = sound_.begin() + static_cast<std::ptrdiff_t>(head_);
    std::vector<float> fade(first, first + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) fade[i] *= 1.0F - static_cast<float>(i + 1) / static_cast<float>(count);
    sound_.clear();
    head_ = 0;
    // A fade without sound before it would be a click of its own.
    if (sent() == 0) fade.clear();
    return fade;
}

std::int64_t Pacer::played(base::Time now) const {
    if (!spurt_start_ || now <= *spurt_start_) return before_;
    const auto since = static_cast<std::int64_t>(audio::samples_in(now - *spurt_start_, sample_rate_));
    return before_ + std::min(since, spurt_sent_);
}

base::Time Pacer::end_of_play() const {
    return spurt_start_ ? *spurt_start_ + length(spurt_sent_) : base::Time::min();
}

}  // namespace antiphon::speak
