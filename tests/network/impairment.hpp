// What a bad network does to one packet after the other, in one direction.
//
// pure: time and seed are arguments; the same seed and the same packets give the same fate.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::network {

using Clock = std::chrono::steady_clock;
using Duration = std::chrono::microseconds;

struct Settings {
    Duration delay{0};
    Duration jitter{0};         ///< the delay is even between delay - jitter and delay + jitter, and never below 0
    double loss = 0.0;          ///< the share of packets that never arrive
    double burst = 1.0;         ///< the mean number of packets that are lost in a row (Gilbert's model; 1: each on its own)
    double duplicate = 0.0;     ///< the share that arrives twice, the second one with a delay of its own
    double reorder = 0.0;       ///< the share that is held back so that later ones overtake it
    Duration reorder_by{20'000};
    /// Jitter alone keeps the order, as a queue on the way does; false: each packet goes its own way.
    bool keep_order = true;
};

/// "loss=0.1 delay_ms=100 jitter_ms=30 burst=3 duplicate=0.01 reorder=0.02 reorder_ms=20 keep_order=0": changes what is
/// named and nothing else. The reason if one is unknown or out of its range (0 to 1, 0 to 10000 ms, burst 1 to 100; a
/// burst that no loss can reach); then nothing is changed.
std::string change(Settings& settings, std::string_view words);

class Impairment {
public:
    explicit Impairment(std::uint64_t seed) : random_(seed) {}

    Settings settings;

    /// When the packet that was sent `now` arrives: never, once or twice.
    std::vector<Clock::time_point> fate(Clock::time_point now);

private:
    bool chance(double share) { return std::uniform_real_distribution<double>(0.0, 1.0)(random_) < share; }
    bool lost();
    Duration delay();

    std::mt19937_64 random_;
    bool losing_ = false;
    Clock::time_point last_{};  ///< the latest arrival of those that keep their order
};

}  // namespace antiphon::network
