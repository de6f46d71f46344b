// Many networks and seeds; what must hold on each of them, and a fixed delay of 40 ms beside it.
#include "network_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>

namespace antiphon::listen {
namespace {

using namespace simulation;
using base::milliseconds;

const base::Time kStart{std::chrono::hours(1000)};

double mean_milliseconds(const std::vector<base::Duration>& waits) {
    double sum = 0;
    for (const auto wait : waits) sum += base::seconds(wait) * 1000.0;
    return waits.empty() ? 0 : sum / static_cast<double>(waits.size());
}

class AnyNetwork : public testing::TestWithParam<std::tuple<double, int, double>> {};

TEST_P(AnyNetwork, IsPlayedInOrderAtMostOnceAndWithinTheDelay) {
    const auto [loss, jitter, ppm] = GetParam();
    Network network;
    network.loss = loss;
    network.jitter = milliseconds(jitter);
    network.sender_ppm = ppm;
    std::size_t arrived = 0, played = 0, fixed_late = 0, not_played = 0;
    int concealed = 0, recovered = 0, changed = 0, steps = 0;
    double wait = 0;
    constexpr int kSeeds = 6;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        network.twice = seed % 2 == 0 ? 0.1 : 0.0;
        network.silences = seed % 3 == 0;
        const auto arrivals = send(network, seed, kStart, static_cast<std::uint16_t>(60000 + seed), 0xFFFF0000U);
        const Outcome outcome = play(arrivals, kStart);
        SCOPED_TRACE(seed);

        // In order, and so each at most once.
        for (std::size_t i = 1; i < outcome.played.size(); ++i) ASSERT_LT(outcome.played[i - 1], outcome.played[i]);
        // No packet waits longer than the bound, its own length and the clock's grain.
        const auto longest = *std::max_element(outcome.waits.begin(), outcome.waits.end());
        EXPECT_LE(longest, milliseconds(200 + 20 + 20));
        // What came was played but for what came too late.
        const std::size_t missed = outcome.arrived - outcome.played.size();
        EXPECT_EQ(outcome.figures.late + outcome.figures.dropped, missed);
        EXPECT_LE(static_cast<double>(missed), 0.02 * static_cast<double>(outcome.arrived) + 3);
        // All that has been played up to each packet is as long as the sender's sound up to it, but for the delay.
        for (std::size_t i = 0; i < outcome.played.size(); ++i) {
            const double spoken = (outcome.played[i] + 1) * 20.0 / (1.0 + ppm * 1e-6);
            const double heard = base::seconds(outcome.turns[i]) * 1000.0 - 50.0;
            ASSERT_GE(heard, spoken - 1.0);
            ASSERT_LE(heard, spoken + jitter + 200.0 + 40.0);
        }

        arrived += outcome.arrived;
        played += outcome.played.size();
        not_played += missed;
        fixed_late += late_for_fixed(arrivals, milliseconds(40), milliseconds(20));
        concealed += outcome.concealed;
        recovered += outcome.recovered;
        changed += outcome.left_out + outcome.said_twice;
        steps += outcome.steps;
        wait += mean_milliseconds(outcome.waits) / kSeeds;
    }
    const auto percent = [](auto part, auto whole) {
        return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    };
    std::printf(
        "loss %4.1f %%  jitter %3d ms  drift %5.0f ppm: came too late %5.2f %% (fixed 40 ms: %5.2f %%)  mean wait "
        "%5.1f ms  "
        "concealed %5.2f %%  recovered %5.2f %%  left out or twice %4.2f %%\n",
        100.0 * loss, jitter, ppm, percent(not_played, arrived), percent(fixed_late, arrived), wait,
        percent(concealed, steps), percent(recovered, steps), percent(changed, steps));
    EXPECT_LE(not_played, fixed_late + 10);
    EXPECT_LE(wait, jitter + 45.0);
}

INSTANTIATE_TEST_SUITE_P(JitterBuffer, AnyNetwork,
                         testing::Combine(testing::Values(0.0, 0.05, 0.1, 0.2), testing::Values(0, 10, 30, 60, 100),
                                          testing::Values(-1000.0, 0.0, 1000.0)));

TEST(JitterBufferProperty, FollowsAClockThatDriftsForAnHour) {
    for (const double ppm : {-1000.0, 1000.0}) {
        SCOPED_TRACE(ppm);
        Network network;
        network.packets = 180000;
        network.sender_ppm = ppm;
        network.jitter = milliseconds(20);
        const Outcome outcome = play(send(network, 7, kStart, 1, 1), kStart);
        EXPECT_EQ(outcome.played.size(), 180000U);
        const auto longest = *std::max_element(outcome.waits.begin(), outcome.waits.end());
        EXPECT_LE(longest, milliseconds(100));
        // An hour at 1000 ppm is 3.6 s: 180 frames.
        const int net = outcome.left_out - outcome.said_twice - outcome.concealed;
        EXPECT_NEAR(net, ppm > 0 ? 180 : -180, 10);
    }
}

TEST(JitterBufferProperty, AStallWithinTheBoundLosesNothing) {
    Network network;
    network.stall = milliseconds(150);
    const Outcome outcome = play(send(network, 3, kStart, 1, 1), kStart);
    EXPECT_EQ(outcome.played.size(), outcome.arrived);
    EXPECT_EQ(outcome.figures.dropped, 0U);
}

TEST(JitterBufferProperty, AStallBeyondTheBoundIsShortenedOldestFirst) {
    Network network;
    network.stall = milliseconds(600);
    const Outcome outcome = play(send(network, 3, kStart, 1, 1), kStart);
    EXPECT_GT(outcome.figures.dropped, 0U);
    // 60 s hold five stalls; of each about 400 ms go.
    EXPECT_NEAR(static_cast<double>(outcome.arrived - outcome.played.size()), 5.5 * 20, 40);
    EXPECT_LE(*std::max_element(outcome.waits.begin(), outcome.waits.end()), milliseconds(240));
}

TEST(JitterBufferProperty, PacketsOfEveryLengthArePlayedWhole) {
    for (const int length : {5, 10, 40, 60, 120}) {
        SCOPED_TRACE(length);
        Network network;
        network.packet_milliseconds = length;
        network.packets = 60000 / length;
        network.jitter = milliseconds(30);
        const Outcome outcome = play(send(network, 5, kStart, 1, 1), kStart);
        EXPECT_GE(outcome.played.size() + 5, outcome.arrived);
    }
}

}  // namespace
}  // namespace antiphon::listen
