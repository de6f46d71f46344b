// Puts packets of sound that come over a network back in order and on a steady clock.
//
// pure. Packets go in as they come; next() says what to play, and is asked whenever sound is needed. The delay follows
// the jitter that is seen (a high percentile of how much later than the fastest ones packets come, as WebRTC's NetEq
// has it; where packets get lost, at least 20 ms, so that the next one with its copy is there in time), grows at once
// when nothing is there at its turn, and is given back slowly: surplus() tells the owner, who knows where the sound is
// quiet, how much may go. What waits here is never longer than `max_delay`: a burst beyond it is shortened, oldest
// first. Late, doubled and far-off packets are dropped and counted. A sender that stops in silence (DTX) is no loss:
// what no packet is missing for is quiet after a short concealment. A sender that starts again elsewhere (sequence or
// timestamp) is believed at the second packet that fits. The clocks of sender and receiver may drift apart by up to
// 1000 ppm. Each call takes O(log n) of the packets held.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace antiphon::listen {

struct SoundPacket {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;  ///< of its first sample, at 48 kHz, whatever the sound's own rate (RFC 7587)
    base::Duration length{};      ///< 2.5 to 120 ms; others are dropped as far off
    bool has_copy = false;        ///< carries a copy of the frame before it (in-band FEC)
    std::vector<std::uint8_t> payload;
};

struct JitterSettings {
    base::milliseconds min_delay{10};
    base::milliseconds max_delay{200};
    std::size_t max_packets = 128;
};

struct JitterFigures {
    std::uint64_t received = 0;   ///< all that came, also what is counted below
    std::uint64_t late = 0;       ///< came after their turn
    std::uint64_t doubled = 0;
    std::uint64_t far_off = 0;    ///< neither near the stream nor confirmed as a new one
    std::uint64_t dropped = 0;    ///< to keep the delay bounded
    std::uint64_t played = 0;     ///< packets
    std::uint64_t recovered = 0;  ///< stretches that the next packet had a copy of
    std::uint64_t concealed = 0;  ///< stretches for which nothing was there, also while waiting for what came late
    std::uint64_t restarts = 0;
    base::Duration delay{};       ///< between a packet's arrival, had it come fast, and its turn: as it is aimed at
};

class JitterBuffer {
public:
    explicit JitterBuffer(JitterSettings settings = {});

    void put(SoundPacket packet, base::Time arrived);

    /// What is to be played next, and for how long.
    struct Step {
        enum class Kind {
            nothing,  ///< no sound yet, or the sender is silent: silence
            packet,   ///< decode `payload`
            recover,  ///< lost, but the next packet is there: `payload` is that one, and will come again as a packet
            conceal,  ///< not there
        } kind = Kind::nothing;
        std::vector<std::uint8_t> payload;
        base::Duration length{};
    };
    /// Ask whenever there is less than 20 ms left to play, also several times at once: short packets come one by one.
    Step next(base::Time now);

    /// By how much the delay is larger (or, below zero, smaller) than it is aimed at, if the next packet is played at
    /// `when`. Whoever leaves out or puts in some sound in a quiet place brings it back to about zero.
    base::Duration surplus(base::Time when) const;

    /// How long what came and was not played yet takes.
    base::Duration waiting() const;

    /// Forgets the stream, but not what is known of the network; for a new SSRC.
    void restart();

    const JitterFigures& figures() const { return figures_; }

private:
    using Ticks = std::int64_t;  ///< at 48 kHz

    struct Held {
        Ticks at;
        Ticks length;
        bool has_copy;
        std::vector<std::uint8_t> payload;
    };
    struct Arrival {
        std::int64_t sequence;
        Ticks at;
        Ticks came;
        Ticks transit() const { return came - at; }  ///< on two clocks: only differences mean anything
    };
    struct Suspect {
        SoundPacket packet;
        base::Time arrived;
    };
    using Packets = std::map<std::int64_t, Held>;  ///< by extended sequence number

    Ticks clock(base::Time time) const;
    Arrival place(const SoundPacket& packet, base::Time arrived) const;
    bool fits(const Arrival& arrival) const;
    void begin(const SoundPacket& packet, base::Time arrived);
    void take(SoundPacket packet, const Arrival& arrival);
    void suspect(SoundPacket packet, base::Time arrived);
    bool seen_before(const Arrival& arrival, Ticks length);
    void learn(const Arrival& arrival);
    void take_aim();
    void bound();

    Ticks delay_at(Ticks now) const { return now - position_ - base_; }
    void jump_to(const Held& packet, bool some_lost);
    Step wait();
    Step silence_or_concealment(Ticks length);
    Step play();
    std::optional<Step> fill(const Held& next);

    const JitterSettings settings_;
    const Ticks min_delay_;
    const Ticks max_delay_;
    JitterFigures figures_;

    // The stream as it arrives.
    bool began_ = false;
    base::Time origin_{};
    std::int64_t newest_sequence_ = 0;
    std::uint64_t seen_ = 0;  ///< which of the newest 64 sequence numbers came, the newest in the lowest bit
    Ticks newest_at_ = 0;
    Ticks newest_end_ = 0;
    std::optional<Suspect> suspect_;

    // The network.
    Ticks base_ = 0;                ///< the least transit of the last seconds
    std::array<Ticks, 8> least_{};  ///< the least of each half second
    std::size_t least_newest_ = 0;
    Ticks least_until_ = 0;
    std::array<float, 64> share_{};  ///< of the packets, by how much later than the fastest they came
    float arrivals_ = 0;             ///< how many, up to what is remembered
    float lost_share_ = 0;           ///< of the packets
    Ticks aim_ = 0;

    // What is played.
    Packets packets_;
    Ticks position_ = 0;             ///< of the next sample to be played
    std::int64_t last_played_ = 0;   ///< sequence number
    bool fresh_ = true;              ///< nothing of this stream has been played
    bool running_ = false;           ///< sound is being played; else the next packet waits for the delay aimed at
    Ticks waited_ = 0;               ///< played in place of what is not there, while position_ stood still
    Ticks concealed_in_a_row_ = 0;
};

}  // namespace antiphon::listen
