#include "edge/resend_buffer.hpp"

#include <utility>

namespace antiphon::edge {
namespace {

constexpr int kMostTimes = 2;

}  // namespace

void ResendBuffer::sent(std::uint16_t sequence, std::vector<std::uint8_t> packet, base::Time now) {
    sent_[sequence % kKept] = Sent{sequence, 0, now, std::move(packet)};
}

std::span<const std::uint8_t> ResendBuffer::again(std::uint16_t sequence, base::Time now, base::Duration round_trip) {
    Sent& sent = sent_[sequence % kKept];
    const bool there = sent.sequence == sequence && !sent.packet.empty();
    if (!there || sent.times == kMostTimes || now - sent.last < round_trip) return {};
    ++sent.times;
    sent.last = now;
    return sent.packet;
}

}  // namespace antiphon::edge
