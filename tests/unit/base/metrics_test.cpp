#include "base/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace antiphon::base {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, WritesThePrometheusText) {
    Metrics metrics;
    metrics.counter("antiphon_turns_total", "Turns").Increment(3);
    metrics.gauge("antiphon_calls", "Calls under way").Set(2);
    const std::string text = metrics.text();
    EXPECT_THAT(
        text,
        HasSubstr("# HELP antiphon_turns_total Turns\n# TYPE antiphon_turns_total counter\nantiphon_turns_total 3\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE antiphon_calls gauge\nantiphon_calls 2\n"));
}

TEST(Metrics, AHistogramHasItsBucketsFrom5MillisecondsTo30Seconds) {
    Metrics metrics;
    auto& seconds = metrics.seconds("antiphon_turn_seconds", "Stages", {{"stage", "first_token"}});
    seconds.Observe(0.004);
    seconds.Observe(0.3);
    seconds.Observe(60.0);
    const std::string text = metrics.text();
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_bucket{stage=\"first_token\",le=\"0.005\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_bucket{stage=\"first_token\",le=\"0.2\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_bucket{stage=\"first_token\",le=\"0.3\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_bucket{stage=\"first_token\",le=\"30\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_bucket{stage=\"first_token\",le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("antiphon_turn_seconds_count{stage=\"first_token\"} 3\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
    Metrics metrics;
    auto& one = metrics.counter("c", "help", {{"kind", "a"}});
    EXPECT_EQ(&metrics.counter("c", "help", {{"kind", "a"}}), &one);
    EXPECT_NE(&metrics.counter("c", "help", {{"kind", "b"}}), &one);
    one.Increment();
    EXPECT_THAT(metrics.text(), HasSubstr("c{kind=\"a\"} 1\n"));
    EXPECT_THAT(metrics.text(), HasSubstr("c{kind=\"b\"} 0\n"));
}

TEST(Metrics, WhatIsLookedAtIsLookedAtBeforeEachText) {
    Metrics metrics;
    int looks = 0;
    metrics.before_text([&] { metrics.gauge("looks", "help").Set(++looks); });
    EXPECT_THAT(metrics.text(), HasSubstr("looks 1\n"));
    EXPECT_THAT(metrics.text(), HasSubstr("looks 2\n"));
}

TEST(Metrics, ACounterIsRaisedAndNeverLowered) {
    Metrics metrics;
    auto& counter = metrics.counter("c", "help");
    raise(counter, 5);
    raise(counter, 3);
    EXPECT_EQ(counter.Value(), 5);
    raise(counter, 6.5);
    EXPECT_EQ(counter.Value(), 6.5);
}

TEST(Metrics, ALabelCannotForgeALine) {
    Metrics metrics;
    metrics.counter("c", "help", {{"kind", "a\"} 5\nforged 1"}});
    EXPECT_THAT(metrics.text(), Not(HasSubstr("\nforged")));
}

}  // namespace
}  // namespace antiphon::base
