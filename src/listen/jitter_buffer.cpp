#include "listen/jitter_buffer.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {
namespace {

using Ticks = std::int64_t;

constexpr Ticks kMillisecond = 48;
constexpr Ticks kStep = 20 * kMillisecond;
constexpr Ticks kShortest = 120;  ///< 2.5 ms, what Opus counts in
constexpr Ticks kLongest = 120 * kMillisecond;
constexpr Ticks kConcealAtMost = 100 * kMillisecond;
constexpr Ticks kHalfSecond = 500 * kMillisecond;

// What lies further off than this is no part of the stream: RFC 3550, A.1 has 3000 and 100 packets, for video too.
constexpr std::int64_t kFarSequence = 1000;
constexpr Ticks kFarTransit = 1500 * kMillisecond;
constexpr Ticks kLongestPause = 10'000 * kMillisecond;

constexpr double kInTime = 0.97;       ///< the share of packets that is to be there at its turn
constexpr float kSomeLoss = 0.01F;     ///< from here on it pays to wait for the next packet's copy
constexpr float kRemembered = 500.0F;  ///< packets: 10 s

Ticks ticks(base::Duration duration) {
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
    return (nanoseconds * 6 + (nanoseconds < 0 ? -62'500 : 62'500)) / 125'000;
}

base::Duration duration(Ticks ticks) {
    return std::chrono::duration_cast<base::Duration>(std::chrono::nanoseconds(ticks * 62'500 / 3));
}

}  // namespace

JitterBuffer::JitterBuffer(JitterSettings settings)
    : settings_(settings), min_delay_(std::max<Ticks>(ticks(settings.min_delay), 0)),
      max_delay_(std::max(ticks(settings.max_delay), min_delay_ + kStep)), aim_(min_delay_) {
    figures_.delay = duration(aim_);
}

Ticks JitterBuffer::clock(base::Time time) const { return ticks(time - origin_); }

JitterBuffer::Arrival JitterBuffer::place(const SoundPacket& packet, base::Time arrived) const {
    const auto ahead = static_cast<std::int16_t>(packet.sequence - static_cast<std::uint16_t>(newest_sequence_));
    const auto later = static_cast<std::int32_t>(packet.timestamp - static_cast<std::uint32_t>(newest_at_));
    return {newest_sequence_ + ahead, newest_at_ + later, clock(arrived)};
}

bool JitterBuffer::fits(const Arrival& arrival) const {
    const std::int64_t ahead = arrival.sequence - newest_sequence_;
    if (ahead <= 0) return ahead > -kFarSequence && arrival.at <= newest_at_;
    const Ticks lateness = arrival.transit() - base_;
    return ahead < kFarSequence && arrival.at > newest_at_ && lateness < kFarTransit && lateness > -kFarTransit;
}

void JitterBuffer::put(SoundPacket packet, base::Time arrived) {
    ++figures_.received;
    const Ticks length = ticks(packet.length);
    if (length < kShortest || length > kLongest) {
        ++figures_.far_off;
        return;
    }
    if (!began_) begin(packet, arrived);
    const Arrival arrival = place(packet, arrived);
    if (fits(arrival)) {
        if (suspect_) ++figures_.far_off;
        suspect_.reset();
        take(std::move(packet), arrival);
    } else {
        suspect(std::move(packet), arrived);
    }
}

void JitterBuffer::suspect(SoundPacket packet, base::Time arrived) {
    if (suspect_) {
        const auto ahead = static_cast<std::int16_t>(packet.sequence - suspect_->packet.sequence);
        const auto later = static_cast<std::int32_t>(packet.timestamp - suspect_->packet.timestamp);
        if (ahead > 0 && ahead <= 3 && later > 0 && later <= kLongestPause) {
            Suspect first = std::move(*suspect_);
            suspect_.reset();
            ++figures_.restarts;
            restart();
            begin(first.packet, first.arrived);
            const Arrival arrival = place(first.packet, first.arrived);
            take(std::move(first.packet), arrival);
            const Arrival second = place(packet, arrived);
            take(std::move(packet), second);
            return;
        }
        ++figures_.far_off;
    }
    suspect_ = Suspect{std::move(packet), arrived};
}

void JitterBuffer::restart() {
    packets_.clear();
    suspect_.reset();
    began_ = false;
    fresh_ = true;
    running_ = false;
    waited_ = 0;
}

void JitterBuffer::begin(const SoundPacket& packet, base::Time arrived) {
    began_ = true;
    origin_ = arrived;
    const auto at = static_cast<Ticks>(packet.timestamp);
    newest_sequence_ = static_cast<std::int64_t>(packet.sequence) - 1;
    newest_at_ = at - 1;
    newest_end_ = at;
    seen_ = 0;
    base_ = -at;
    least_.fill(base_);
    least_until_ = kHalfSecond;
    position_ = at;
    last_played_ = newest_sequence_;
}

bool JitterBuffer::seen_before(const Arrival& arrival, Ticks length) {
    const std::int64_t ahead = arrival.sequence - newest_sequence_;
    if (ahead > 0) {
        seen_ = ahead < 64 ? (seen_ << ahead) | 1U : 1U;
        newest_sequence_ = arrival.sequence;
        newest_at_ = arrival.at;
        newest_end_ = arrival.at + length;
        return false;
    }
    if (ahead <= -64) return false;
    const std::uint64_t bit = std::uint64_t{1} << -ahead;
    const bool seen = (seen_ & bit) != 0;
    seen_ |= bit;
    return seen;
}

void JitterBuffer::take(SoundPacket packet, const Arrival& arrival) {
    const Ticks length = ticks(packet.length);
    if (seen_before(arrival, length)) {
        ++figures_.doubled;
        return;
    }
    learn(arrival);
    if (arrival.at < position_ && !fresh_) {
        ++figures_.late;
        return;
    }
    const bool added =
        packets_.try_emplace(arrival.sequence, Held{arrival.at, length, packet.has_copy, std::move(packet.payload)})
            .second;
    if (!added) {
        ++figures_.doubled;
        return;
    }
    if (fresh_) {
        // The first to come need not be the first that was sent.
        position_ = packets_.begin()->second.at;
        last_played_ = packets_.begin()->first - 1;
    }
    bound();
}

void JitterBuffer::learn(const Arrival& arrival) {
    const Ticks transit = arrival.transit();
    if (arrival.came >= least_until_) {
        // One at a time: after a long silence the old ones are still the best guess.
        least_newest_ = (least_newest_ + 1) % least_.size();
        least_[least_newest_] = transit;
        least_until_ = arrival.came + kHalfSecond;
    }
    least_[least_newest_] = std::min(least_[least_newest_], transit);
    base_ = *std::min_element(least_.begin(), least_.end());

    const Ticks width = max_delay_ / static_cast<Ticks>(share_.size()) + 1;
    const auto bucket = std::min(static_cast<std::size_t>((transit - base_) / width), share_.size() - 1);
    arrivals_ = std::min(arrivals_ + 1.0F, kRemembered);
    for (float& share : share_) share *= 1.0F - 1.0F / arrivals_;
    share_[bucket] += 1.0F / arrivals_;

    take_aim();
}

void JitterBuffer::take_aim() {
    const Ticks width = max_delay_ / static_cast<Ticks>(share_.size()) + 1;
    double later = 0;
    std::size_t top = share_.size();
    while (top > 0 && later + static_cast<double>(share_[top - 1]) <= 1.0 - kInTime)
        later += static_cast<double>(share_[--top]);
    const Ticks least = lost_share_ > kSomeLoss ? std::max(min_delay_, kStep) : min_delay_;
    aim_ = std::clamp(static_cast<Ticks>(top) * width, least, max_delay_);
    figures_.delay = duration(aim_);
}

void JitterBuffer::bound() {
    bool dropped = false;
    while (packets_.size() > 1 &&
           (packets_.size() > settings_.max_packets || newest_at_ - packets_.begin()->second.at > max_delay_)) {
        packets_.erase(packets_.begin());
        ++figures_.dropped;
        dropped = true;
    }
    if (!dropped) return;
    position_ = packets_.begin()->second.at;
    last_played_ = packets_.begin()->first - 1;
    waited_ = 0;
}

JitterBuffer::Step JitterBuffer::next(base::Time now) {
    const Ticks time = clock(now);
    while (!packets_.empty()) {
        const auto& [sequence, packet] = *packets_.begin();
        if (packet.at < position_) {
            ++figures_.late;
            packets_.erase(packets_.begin());
            continue;
        }
        const bool some_lost = sequence > last_played_ + 1;
        // Short packets are asked for several at a time, and all must be there.
        const Ticks enough = aim_ + std::max<Ticks>(kStep - packet.length, 0);
        const bool due = time - packet.at - base_ >= enough;
        if (!running_) {
            if (!due) return silence_or_concealment(kStep);
            running_ = true;
            jump_to(packet, some_lost);
        } else if (packet.at > position_ && !some_lost) {
            if (!due && waited_ < packet.at - position_) return wait();
            jump_to(packet, false);
        } else if (packet.at > position_ && delay_at(time) < aim_) {
            return wait();  // it may only have been overtaken
        }
        if (packet.at == position_) return play();
        lost_share_ += 1.0F / kRemembered;
        if (auto step = fill(packet)) return std::move(*step);
    }
    return began_ ? wait() : Step{Step::Kind::nothing, {}, duration(kStep)};
}

void JitterBuffer::jump_to(const Held& packet, bool some_lost) {
    const Ticks copied = some_lost && packet.has_copy ? packet.length : 0;
    position_ = std::max(position_, packet.at - copied);
    waited_ = 0;
}

JitterBuffer::Step JitterBuffer::silence_or_concealment(Ticks length) {
    if (running_ && concealed_in_a_row_ < kConcealAtMost) {
        concealed_in_a_row_ += length;
        ++figures_.concealed;
        return {Step::Kind::conceal, {}, duration(length)};
    }
    return {Step::Kind::nothing, {}, duration(length)};
}

JitterBuffer::Step JitterBuffer::wait() {
    waited_ += kStep;
    Step step = silence_or_concealment(kStep);
    if (step.kind == Step::Kind::nothing) running_ = false;
    return step;
}

JitterBuffer::Step JitterBuffer::play() {
    auto first = packets_.extract(packets_.begin());
    Held& packet = first.mapped();
    position_ = packet.at + packet.length;
    last_played_ = first.key();
    fresh_ = false;
    waited_ = 0;
    concealed_in_a_row_ = 0;
    lost_share_ *= 1.0F - 1.0F / kRemembered;
    ++figures_.played;
    return {Step::Kind::packet, std::move(packet.payload), duration(packet.length)};
}

std::optional<JitterBuffer::Step> JitterBuffer::fill(const Held& next) {
    const Ticks gap = next.at - position_;
    const Ticks copied = next.has_copy ? std::min(gap, next.length) / kShortest * kShortest : 0;
    // What was played while waiting stands in for what is lost.
    const Ticks stood_in = std::min(waited_, gap - copied);
    position_ += stood_in;
    waited_ -= stood_in;
    const Ticks missing = (gap - copied - stood_in) / kShortest * kShortest;
    if (missing > 0) {
        const Ticks length = std::min(missing, kStep);
        position_ += length;
        return silence_or_concealment(length);
    }
    position_ = next.at;
    if (copied == 0) return std::nullopt;
    waited_ = 0;
    concealed_in_a_row_ = 0;
    ++figures_.recovered;
    return Step{Step::Kind::recover, next.payload, duration(copied)};
}

base::Duration JitterBuffer::waiting() const {
    if (packets_.empty()) return base::Duration::zero();
    const Held& last = packets_.rbegin()->second;
    return duration(std::max<Ticks>(last.at + last.length - position_, 0));
}

base::Duration JitterBuffer::surplus(base::Time when) const {
    if (!running_) return base::Duration::zero();
    const Ticks surplus = delay_at(clock(when)) - aim_;
    // With nothing to go on with, the delay is less than it looks: the way has just become longer.
    return duration(newest_end_ > position_ ? surplus : std::min<Ticks>(surplus, 0));
}

}  // namespace antiphon::listen
