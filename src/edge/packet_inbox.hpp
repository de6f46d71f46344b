// Packets between the thread that receives them and the strand that takes them, 20 ms at a time.
//
// thread-safe. Bounded: a client that floods loses what is beyond, and wakes nobody up.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace antiphon::edge {

class PacketInbox {
public:
    static constexpr std::size_t kMaxPackets = 64;   ///< in 20 ms one comes; after a stall some more
    static constexpr std::size_t kMaxPacket = 1500;  ///< bytes

    struct Packet {
        base::Time arrived{};
        std::vector<std::uint8_t> bytes;
    };

    void put(std::span<const std::uint8_t> bytes, base::Time arrived) {
        if (bytes.size() > kMaxPacket) return;
        const std::scoped_lock lock(mutex_);
        if (packets_.size() == kMaxPackets) {
            ++dropped_;
            return;
        }
        packets_.push_back({arrived, {bytes.begin(), bytes.end()}});
    }

    std::vector<Packet> take() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(packets_, {});
    }

    std::uint64_t dropped() const {
        const std::scoped_lock lock(mutex_);
        return dropped_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<Packet> packets_;
    std::uint64_t dropped_ = 0;
};

}  // namespace antiphon::edge
