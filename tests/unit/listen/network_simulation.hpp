// A sender, a network and a receiver's clock in a loop without time: what becomes of numbered packets.
#pragma once

#include "listen/jitter_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace antiphon::listen::simulation {

using Microseconds = std::chrono::microseconds;

struct Network {
    double loss = 0;              ///< 0..1, each packet for itself
    Microseconds jitter{0};       ///< each packet is late by 0 to this, evenly; so packets overtake one another
    double twice = 0;             ///< 0..1
    double sender_ppm = 0;        ///< the sender's clock is faster by this
    Microseconds stall{0};        ///< once in 10 s nothing comes for so long, and then all of it
    bool silences = false;        ///< the sender leaves out 1 s in 4 s (DTX), but for a packet every 400 ms
    bool copies = true;           ///< in-band FEC
    int packets = 3000;
    int packet_milliseconds = 20;
};

struct Sent {
    SoundPacket packet;
    base::Time arrived;
    std::uint32_t number;         ///< of the 20 ms (or other length) of sound since the start
};

inline bool quiet(std::uint32_t number) { return number % 100 >= 70; }  // 0.6 s in 2 s

/// All that arrives, in the order of arrival.
inline std::vector<Sent> send(const Network& network, std::uint64_t seed, base::Time start, std::uint16_t sequence,
                              std::uint32_t timestamp) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> even(0.0, 1.0);
    std::vector<Sent> arrivals;
    const auto length = std::chrono::milliseconds(network.packet_milliseconds);
    for (int i = 0; i < network.packets; ++i) {
        const auto number = static_cast<std::uint32_t>(i);
        if (network.silences && number % 200 >= 150 && number % 20 != 10) continue;
        Sent sent;
        sent.number = number;
        sent.packet.sequence = sequence++;
        sent.packet.timestamp = timestamp + number * static_cast<std::uint32_t>(network.packet_milliseconds) * 48;
        sent.packet.length = length;
        sent.packet.has_copy = network.copies;
        for (int byte = 0; byte < 4; ++byte)
            sent.packet.payload.push_back(static_cast<std::uint8_t>(number >> (8 * byte)));
        const double at = (i + 1) * network.packet_milliseconds * 1e-3 / (1.0 + network.sender_ppm * 1e-6);
        const bool lost = even(random) < network.loss;
        const double late = even(random) * std::chrono::duration<double>(network.jitter).count();
        double arrives = at + 0.05 + late;
        const double stalled = std::chrono::duration<double>(network.stall).count();
        const double in_ten = arrives - 10.0 * static_cast<int>(arrives / 10.0);
        if (in_ten > 5.0 && in_ten < 5.0 + stalled) arrives += 5.0 + stalled - in_ten;
        sent.arrived = start + std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(arrives));
        const bool again = even(random) < network.twice;
        if (!lost) arrivals.push_back(sent);
        if (again) {
            sent.arrived += base::milliseconds(15);
            arrivals.push_back(sent);
        }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const Sent& a, const Sent& b) { return a.arrived < b.arrived; });
    return arrivals;
}

struct Outcome {
    std::vector<std::uint32_t> played;   ///< numbers, in the order in which they were given
    std::vector<base::Duration> waits;   ///< of each, from its arrival to its turn
    std::vector<base::Duration> turns;   ///< of each, from the start to its turn
    int steps = 0;                       ///< of 20 ms
    int recovered = 0;
    int concealed = 0;
    int silent = 0;
    int left_out = 0;
    int said_twice = 0;
    JitterFigures figures;
    std::size_t arrived = 0;             ///< different packets
};

inline std::uint32_t number_of(const std::vector<std::uint8_t>& payload) {
    std::uint32_t number = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) number |= static_cast<std::uint32_t>(payload.at(byte)) << (8 * byte);
    return number;
}

/// Plays it all, leaving out and saying twice in quiet places as the sound receiver does.
inline Outcome play(const std::vector<Sent>& arrivals, base::Time start, JitterSettings settings = {}) {
    JitterBuffer buffer(settings);
    Outcome outcome;
    std::map<std::uint32_t, base::Time> came;
    std::size_t next = 0;
    base::Duration ready{};
    int since_change = 0;
    const base::Time end = arrivals.back().arrived + base::milliseconds(500);
    for (base::Time now = start + base::milliseconds(7); now < end; now += base::milliseconds(20)) {
        for (; next < arrivals.size() && arrivals[next].arrived <= now; ++next) {
            came.try_emplace(arrivals[next].number, arrivals[next].arrived);
            buffer.put(arrivals[next].packet, arrivals[next].arrived);
        }
        ++outcome.steps;
        ++since_change;
        while (ready < base::milliseconds(20)) {
            const auto step = buffer.next(now);
            if (step.kind == JitterBuffer::Step::Kind::nothing) {
                ++outcome.silent;
                ready = base::milliseconds(20);
                break;
            }
            ready += step.length;
            if (step.kind == JitterBuffer::Step::Kind::recover) ++outcome.recovered;
            if (step.kind == JitterBuffer::Step::Kind::conceal) ++outcome.concealed;
            if (step.kind != JitterBuffer::Step::Kind::packet) continue;
            const std::uint32_t number = number_of(step.payload);
            outcome.played.push_back(number);
            outcome.waits.push_back(now - came.at(number));
            outcome.turns.push_back(now - start);
            if (since_change < 3 || !quiet(number)) continue;
            const base::Duration surplus = buffer.surplus(now + step.length);
            if (surplus > base::milliseconds(25)) {
                ready -= step.length;
                ++outcome.left_out;
                since_change = 0;
            } else if (surplus < base::milliseconds(-15)) {
                ready += step.length;
                ++outcome.said_twice;
                since_change = 0;
            }
        }
        ready -= base::milliseconds(20);
    }
    outcome.figures = buffer.figures();
    outcome.arrived = came.size();
    return outcome;
}

/// What a buffer with a fixed delay after the first packet would have lost to lateness.
inline std::size_t late_for_fixed(const std::vector<Sent>& arrivals, base::milliseconds delay,
                                  base::milliseconds packet) {
    std::map<std::uint32_t, base::Time> came;
    for (const Sent& sent : arrivals) came.try_emplace(sent.number, sent.arrived);
    const base::Time first = arrivals.front().arrived - packet * arrivals.front().number;
    return static_cast<std::size_t>(std::count_if(came.begin(), came.end(), [&](const auto& one) {
        return one.second > first + delay + packet * one.first;
    }));
}

}  // namespace antiphon::listen::simulation
