#include "speak/pacer.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace antiphon::speak {
namespace {

using base::milliseconds;

constexpr int kRate = 24000;
constexpr std::size_t kFrame = 480;

class PacerTest : public ::testing::Test {
protected:
    void push(milliseconds length) {
        std::vector<float> samples(static_cast<std::size_t>(length.count()) * kRate / 1000);
        std::iota(samples.begin(), samples.end(), next_);
        next_ += static_cast<float>(samples.size());
        pacer.push(samples);
    }
    /// All frames due at this time since the start.
    std::size_t send(milliseconds at) {
        std::size_t frames = 0;
        while (auto frame = pacer.next(start + at)) {
            sent.insert(sent.end(), frame->begin(), frame->end());
            ++frames;
        }
        return frames;
    }

    Pacer pacer{kRate, milliseconds(100)};
    base::Time start = base::Time{} + std::chrono::hours(2);
    std::vector<float> sent;
    float next_ = 0;
};

TEST_F(PacerTest, SendsTheLeadAtOnceAndThenInRealTime) {
    push(milliseconds(1000));
    EXPECT_EQ(send(milliseconds(0)), 6U);  // due at -100, -80, ... 0
    EXPECT_EQ(send(milliseconds(19)), 0U);
    EXPECT_EQ(send(milliseconds(20)), 1U);
    EXPECT_EQ(send(milliseconds(100)), 4U);
}

TEST_F(PacerTest, ALateCallDoesNotShiftTheClock) {
    push(milliseconds(1000));
    send(milliseconds(0));
    send(milliseconds(33));
    EXPECT_EQ(*pacer.due(), start + milliseconds(40));
}

TEST_F(PacerTest, WaitsForAWholeFrameUntilTheEnd) {
    push(milliseconds(30));
    EXPECT_EQ(send(milliseconds(0)), 1U);
    EXPECT_FALSE(pacer.due());
    pacer.finish();
    EXPECT_EQ(send(milliseconds(0)), 1U);
    EXPECT_EQ(sent.size(), 720U);
}

TEST_F(PacerTest, KnowsWhatWasPlayed) {
    push(milliseconds(200));
    send(milliseconds(0));
    EXPECT_EQ(pacer.played(start), 0);
    EXPECT_EQ(pacer.played(start + milliseconds(50)), 1200);
    // No more than was sent: 120 ms.
    EXPECT_EQ(pacer.played(start + milliseconds(500)), 2880);
}

TEST_F(PacerTest, AGapBeginsANewSpurt) {
    push(milliseconds(100));
    send(milliseconds(0));
    push(milliseconds(100));
    send(milliseconds(1000));
    EXPECT_EQ(pacer.played(start + milliseconds(1000)), 2400);
    EXPECT_EQ(pacer.played(start + milliseconds(1050)), 3600);
    EXPECT_EQ(pacer.end_of_play(), start + milliseconds(1100));
    EXPECT_TRUE(pacer.played_out(start + milliseconds(1100)));
}

TEST_F(PacerTest, HeldItGoesOnFromTheExactSample) {
    push(milliseconds(400));
    send(milliseconds(0));
    pacer.hold();
    EXPECT_EQ(send(milliseconds(300)), 0U);
    pacer.resume();
    send(milliseconds(320));
    pacer.finish();
    send(milliseconds(400));
    send(milliseconds(700));
    std::vector<float> all(9600);
    std::iota(all.begin(), all.end(), 0.0F);
    EXPECT_EQ(sent, all);
}

TEST_F(PacerTest, ClearedItFadesOutIn10Milliseconds) {
    std::vector<float> loud(4800, 1.0F);
    pacer.push(loud);
    ASSERT_TRUE(pacer.next(start));
    const auto fade = pacer.clear();
    ASSERT_EQ(fade.size(), kFrame / 2);
    EXPECT_GT(fade.front(), 0.98F);
    EXPECT_EQ(fade.back(), 0.0F);
    for (std::size_t i = 1; i < fade.size(); ++i) EXPECT_LT(fade[i], fade[i - 1]);
    EXPECT_EQ(pacer.waiting(), 0U);
}

TEST_F(PacerTest, NothingSentNeedsNoFade) {
    push(milliseconds(100));
    EXPECT_TRUE(pacer.clear().empty());
}

TEST_F(PacerTest, WhatTheClientHasYetToHearIsPlayedFromNowOn) {
    push(milliseconds(1000));
    for (int at = 0; at <= 400; at += 20) send(milliseconds(at));
    ASSERT_EQ(pacer.sent(), 24 * 520);
    // The client had 320 ms when its link died, and gets the other 200 ms now, long after.
    pacer.rewind(milliseconds(200), start + milliseconds(5000));
    EXPECT_EQ(pacer.played(start + milliseconds(5000)), 24 * 320);
    EXPECT_EQ(pacer.played(start + milliseconds(5100)), 24 * 420);
    EXPECT_EQ(send(milliseconds(5099)), 0U) << "it has 200 ms, and the lead is 100 ms";
    EXPECT_EQ(send(milliseconds(5100)), 1U);
    EXPECT_EQ(pacer.played(start + milliseconds(5150)), 24 * 470);
    pacer.rewind(std::chrono::hours(1), start + milliseconds(6000));
    EXPECT_EQ(pacer.played(start + milliseconds(6000)), 0) << "not more than was sent";
}

TEST_F(PacerTest, WhatDidNotArriveIsSentOnceMore) {
    push(milliseconds(1000));
    for (int at = 0; at <= 400; at += 20) send(milliseconds(at));
    pacer.put_back(std::span<const float>(sent).last(24 * 200));
    sent.resize(sent.size() - 24 * 200);
    EXPECT_EQ(pacer.sent(), 24 * 320);
    EXPECT_EQ(send(milliseconds(5000)), 6U) << "the lead, and one in time";
    for (int at = 5020; at <= 6000; at += 20) send(milliseconds(at));
    ASSERT_EQ(sent.size(), 24'000U);
    for (std::size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(sent[i], static_cast<float>(i));
    pacer.put_back({});
    EXPECT_EQ(pacer.sent(), static_cast<std::int64_t>(sent.size()));
}

TEST_F(PacerTest, AnotherLeadCountsFromTheNextFrameOn) {
    push(milliseconds(1000));
    pacer.set_lead(milliseconds(40));
    EXPECT_EQ(send(milliseconds(0)), 3U);
}

}  // namespace
}  // namespace antiphon::speak
