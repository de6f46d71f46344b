// That the network is as bad as it is set, no more and no less.
#include "network/impairment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace antiphon::network {
namespace {

constexpr int kPackets = 100'000;
constexpr Duration kStep{20'000};

struct Sent {
    std::vector<double> delays;  ///< milliseconds, of each arrival
    std::vector<Clock::time_point> arrivals;
    int lost = 0;
    int bursts = 0;
    int twice = 0;
    int overtaken = 0;
};

Sent send(const std::string& words, std::uint64_t seed = 1) {
    Impairment impairment(seed);
    EXPECT_EQ(change(impairment.settings, words), "");
    Sent sent;
    Clock::time_point latest{};
    bool losing = false;
    for (int i = 0; i < kPackets; ++i) {
        const auto now = Clock::time_point(kStep * (i + 1));
        const auto arrivals = impairment.fate(now);
        sent.lost += arrivals.empty();
        sent.bursts += arrivals.empty() && !losing;
        losing = arrivals.empty();
        sent.twice += arrivals.size() == 2;
        for (const auto arrival : arrivals) {
            sent.delays.push_back(std::chrono::duration<double, std::milli>(arrival - now).count());
            sent.arrivals.push_back(arrival);
            sent.overtaken += arrival < latest;
            latest = std::max(latest, arrival);
        }
    }
    return sent;
}

double mean(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

TEST(Impairment, DoesNothingUnlessToldTo) {
    const auto sent = send("");
    EXPECT_EQ(sent.lost + sent.twice + sent.overtaken, 0);
    EXPECT_EQ(*std::max_element(sent.delays.begin(), sent.delays.end()), 0.0);
}

TEST(Impairment, LosesTheShareOneByOne) {
    const auto sent = send("loss=0.1");
    EXPECT_NEAR(sent.lost, kPackets / 10, 400);  // four standard deviations
    EXPECT_NEAR(static_cast<double>(sent.lost) / sent.bursts, 1.0 / 0.9, 0.03);
    EXPECT_EQ(send("loss=1").lost, kPackets);
}

TEST(Impairment, LosesTheShareInBursts) {
    const auto sent = send("loss=0.1 burst=4");
    EXPECT_NEAR(sent.lost, kPackets / 10, 1000);
    EXPECT_NEAR(static_cast<double>(sent.lost) / sent.bursts, 4.0, 0.3);
}

TEST(Impairment, DelaysEvenlyAroundTheMean) {
    const auto sent = send("delay_ms=100 jitter_ms=30 keep_order=0");
    EXPECT_NEAR(mean(sent.delays), 100.0, 0.3);
    EXPECT_NEAR(*std::min_element(sent.delays.begin(), sent.delays.end()), 70.0, 0.1);
    EXPECT_NEAR(*std::max_element(sent.delays.begin(), sent.delays.end()), 130.0, 0.1);
    EXPECT_GT(sent.overtaken, kPackets / 20);  // 60 ms of difference against 20 ms between packets
}

TEST(Impairment, JitterKeepsTheOrderLikeAQueue) {
    const auto sent = send("delay_ms=100 jitter_ms=30");
    EXPECT_EQ(sent.overtaken, 0);
    EXPECT_GE(*std::min_element(sent.delays.begin(), sent.delays.end()), 70.0);
    EXPECT_LE(*std::max_element(sent.delays.begin(), sent.delays.end()), 130.0);
}

TEST(Impairment, NeverDeliversBeforeSending) {
    const auto sent = send("delay_ms=10 jitter_ms=50 keep_order=0");
    EXPECT_GE(*std::min_element(sent.delays.begin(), sent.delays.end()), 0.0);
}

TEST(Impairment, DuplicatesTheShare) {
    const auto sent = send("duplicate=0.05");
    EXPECT_NEAR(sent.twice, kPackets / 20, 300);
    EXPECT_EQ(sent.lost, 0);
}

TEST(Impairment, HoldsBackTheShare) {
    const auto sent = send("reorder=0.02 reorder_ms=50 delay_ms=10");
    const auto late = std::count(sent.delays.begin(), sent.delays.end(), 60.0);
    EXPECT_NEAR(static_cast<double>(late), kPackets / 50, 180);
    EXPECT_EQ(late + std::count(sent.delays.begin(), sent.delays.end(), 10.0), kPackets);
    EXPECT_NEAR(sent.overtaken, 2 * kPackets / 50, 400);  // each by the two that are sent within 50 ms after it
}

TEST(Impairment, TheSeedDecides) {
    const std::string words = "loss=0.1 delay_ms=100 jitter_ms=30 duplicate=0.01 reorder=0.02";
    EXPECT_EQ(send(words, 7).arrivals, send(words, 7).arrivals);
    EXPECT_NE(send(words, 7).arrivals, send(words, 8).arrivals);
}

TEST(Impairment, RefusesWhatItDoesNotUnderstand) {
    Settings settings;
    EXPECT_EQ(change(settings, "loss=0.1 lag=3"), "what is lag=3?");
    EXPECT_EQ(settings.loss, 0.0);  // all or nothing
    EXPECT_EQ(change(settings, "loss=1.5"), "what is loss=1.5?");
    EXPECT_EQ(change(settings, "loss"), "what is loss?");
    EXPECT_EQ(change(settings, "delay_ms=-1"), "what is delay_ms=-1?");
    EXPECT_EQ(change(settings, "delay_ms=1e9"), "what is delay_ms=1e9?");
    EXPECT_EQ(change(settings, "loss=0.9 burst=2"), "bursts of that mean length cannot give that loss");
}

}  // namespace
}  // namespace antiphon::network
