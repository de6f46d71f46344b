// Puts packets of sound that come over a network back in order and on a steady clock.
//
// pure. Packets go in as they come; every 20 ms of the receiver's clock next() says what to play. The delay adapts to
// the jitter that is seen (a high percentile of how late packets are), grows at once when packets come too late, shrinks
// slowly and only in silence or by dropping single frames, and never exceeds `max_delay`: a burst beyond it is
// shortened, oldest first. Late, doubled and far-off packets are dropped and counted. A sender that stops sending in
// silence (DTX) is no loss: what is missing with no later packet there is quiet after a short concealment. The clocks of
// sender and receiver may drift apart by up to 1000 ppm.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace antiphon::listen {

struct SoundPacket {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;  ///< of its first sample, at 48 kHz, whatever the sound's own rate (RFC 7587)
    std::vector<std::uint8_t> payload;
};

struct JitterSettings {
    base::milliseconds min_delay{20};
    base::milliseconds max_delay{200};
    std::size_t max_packets = 64;
};

struct JitterFigures {
    std::uint64_t received = 0;
    std::uint64_t late = 0;       ///< came after their turn
    std::uint64_t doubled = 0;
    std::uint64_t dropped = 0;    ///< to keep the delay bounded
    std::uint64_t concealed = 0;  ///< frames for which nothing was there
    std::uint64_t recovered = 0;  ///< frames that the next packet had a copy of (at most)
    base::Duration delay{};       ///< between a packet's arrival and its turn, as it is aimed at
};

class JitterBuffer {
public:
    explicit JitterBuffer(JitterSettings settings = {});

    void put(SoundPacket packet, base::Time arrived);

    /// What is to be played in the next 20 ms.
    struct Step {
        enum class Kind {
            nothing,  ///< no sound yet, or the sender is silent
            packet,   ///< decode `payload`
            recover,  ///< lost, but the next packet is there: `payload` is that one, and will come again as a packet
            conceal,  ///< lost for good
        } kind = Kind::nothing;
        std::vector<std::uint8_t> payload;
    };
    /// Call it every 20 ms. A packet that is longer than 20 ms is given once, and the steps that it covers are not
    /// asked for: pass its length to covered().
    Step next(base::Time now);
    void covered(base::Duration length);

    const JitterFigures& figures() const;
};

}  // namespace antiphon::listen
