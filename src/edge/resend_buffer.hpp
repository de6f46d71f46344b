// The last packets that were sent, for those who ask for them again (NACK, RFC 4585): sent as they were.
//
// pure. Holds kKept packets; each is given again at most twice, and not before a round trip has passed.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::edge {

class ResendBuffer {
public:
    static constexpr std::size_t kKept = 32;  ///< 640 ms of sound

    void sent(std::uint16_t sequence, std::vector<std::uint8_t> packet, base::Time now);

    /// The packet with this sequence number; empty if it is gone, or was given too lately or too often.
    std::span<const std::uint8_t> again(std::uint16_t sequence, base::Time now, base::Duration round_trip);

private:
    struct Sent {
        std::uint16_t sequence = 0;
        int times = 0;
        base::Time last{};
        std::vector<std::uint8_t> packet;
    };
    std::array<Sent, kKept> sent_;
};

}  // namespace antiphon::edge
