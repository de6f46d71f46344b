#include "edge/line_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace antiphon::edge {
namespace {

using testing::HasSubstr;

class LineMetricsTest : public testing::Test {
protected:
    /// A report of ours, of a stream with so many packets received and lost.
    void receive(std::uint32_t stream, std::uint64_t packets, std::int32_t lost) {
        ReportBlock report;
        report.ssrc = stream;
        report.lost = lost;
        line_metrics.received(report, packets, 0.008, counted);
    }
    void expect(const std::string& line) { EXPECT_THAT(metrics.text(), HasSubstr(line + "\n")); }

    base::Metrics metrics;
    LineMetrics line_metrics{metrics};
    LineCounted counted;
};

TEST_F(LineMetricsTest, WhatWasCountedIsNotCountedAgain) {
    receive(1, 100, 2);
    receive(1, 200, 5);
    expect("antiphon_webrtc_received_packets_total 200");
    expect("antiphon_webrtc_lost_packets_total 5");
    expect("antiphon_webrtc_jitter_seconds_count 2");
    expect("antiphon_webrtc_jitter_seconds_bucket{le=\"0.005\"} 0");
    expect("antiphon_webrtc_jitter_seconds_bucket{le=\"0.01\"} 2");
}

TEST_F(LineMetricsTest, APacketThatComesAfterAllCanBeLostOnlyOnce) {
    receive(1, 100, 2);
    receive(1, 102, 0);  // both have come
    receive(1, 150, 2);
    expect("antiphon_webrtc_lost_packets_total 2");
    receive(1, 200, 3);
    expect("antiphon_webrtc_lost_packets_total 3");
}

TEST_F(LineMetricsTest, AnotherStreamBeginsAnew) {
    receive(1, 100, 10);
    receive(2, 30, 1);
    expect("antiphon_webrtc_received_packets_total 130");
    expect("antiphon_webrtc_lost_packets_total 11");
    receive(2, 5, 0);  // as after a jump of its sequence numbers
    expect("antiphon_webrtc_received_packets_total 135");
}

TEST_F(LineMetricsTest, LinesAreSummedUp) {
    receive(1, 100, 0);
    LineCounted other;
    line_metrics.sent(50, other);
    line_metrics.sent(70, counted);
    line_metrics.sent(80, counted);
    expect("antiphon_webrtc_sent_packets_total 130");
}

TEST_F(LineMetricsTest, WhatTheClientReports) {
    ReportBlock report;
    report.lost = 4;
    line_metrics.reported(report, std::nullopt, counted);
    report.lost = 6;
    line_metrics.reported(report, std::chrono::milliseconds(40), counted);
    expect("antiphon_webrtc_sent_lost_packets_total 6");
    expect("antiphon_webrtc_round_trip_seconds_count 1");
    expect("antiphon_webrtc_round_trip_seconds_bucket{le=\"0.05\"} 1");
    expect("antiphon_webrtc_round_trip_seconds_bucket{le=\"0.02\"} 0");
}

TEST_F(LineMetricsTest, WhatBecameOfTheSound) {
    listen::ReceiverFigures figures;
    figures.jitter.late = 1;
    figures.jitter.dropped = 2;
    figures.not_opus = 3;
    figures.jitter.recovered = 4;
    figures.jitter.concealed = 5;
    line_metrics.heard(figures, counted);
    figures.jitter.concealed = 7;
    line_metrics.heard(figures, counted);
    expect("antiphon_webrtc_unheard_packets_total{reason=\"late\"} 1");
    expect("antiphon_webrtc_unheard_packets_total{reason=\"too_many\"} 2");
    expect("antiphon_webrtc_unheard_packets_total{reason=\"not_opus\"} 3");
    expect("antiphon_webrtc_filled_gaps_total{with=\"copy\"} 4");
    expect("antiphon_webrtc_filled_gaps_total{with=\"guess\"} 7");
}

}  // namespace
}  // namespace antiphon::edge
