#include "edge/line_metrics.hpp"

#include <concepts>

namespace antiphon::edge {
namespace {

/// Enters what has been added since; what begins anew, or is taken back, adds nothing.
template <std::integral Number>
void enter(prometheus::Counter& counter, Number now, Number& counted) {
    if (now > counted) counter.Increment(static_cast<double>(now - counted));
    counted = now;
}

/// The same of losses, which go down when the packet comes after all: that is no new one to lose.
void enter_lost(prometheus::Counter& counter, std::int64_t now, std::int64_t& most) {
    if (now > most) counter.Increment(static_cast<double>(now - most));
    if (now > most) most = now;
}

prometheus::Counter& unheard(base::Metrics& metrics, const char* reason) {
    return metrics.counter("antiphon_webrtc_unheard_packets_total", "Callers' packets that came and were not played",
                           {{"reason", reason}});
}

prometheus::Counter& filled(base::Metrics& metrics, const char* with) {
    return metrics.counter("antiphon_webrtc_filled_gaps_total", "Gaps in callers' sound that were filled",
                           {{"with", with}});
}

}  // namespace

LineMetrics::LineMetrics(base::Metrics& m)
    : received_(m.counter("antiphon_webrtc_received_packets_total", "Packets of sound that came from callers")),
      lost_(m.counter("antiphon_webrtc_lost_packets_total", "Callers' packets that had not come when a report was due")),
      sent_(m.counter("antiphon_webrtc_sent_packets_total", "Packets of sound that were sent to callers")),
      sent_lost_(m.counter("antiphon_webrtc_sent_lost_packets_total", "Those of them that callers reported as lost")),
      late_(unheard(m, "late")),
      dropped_(unheard(m, "too_many")),
      undecodable_(unheard(m, "not_opus")),
      recovered_(filled(m, "copy")),
      concealed_(filled(m, "guess")),
      jitter_(m.seconds("antiphon_webrtc_jitter_seconds", "Jitter of callers' packets, at each report (RFC 3550)")),
      round_trip_(m.seconds("antiphon_webrtc_round_trip_seconds", "Time to the caller and back, at each report")) {}

void LineMetrics::received(const ReportBlock& report, std::uint64_t packets, double jitter_seconds, LineCounted& counted) {
    if (counted.stream != report.ssrc || packets < counted.received) {
        counted.stream = report.ssrc;
        counted.received = 0;
        counted.lost = 0;
    }
    enter(received_, packets, counted.received);
    enter_lost(lost_, report.lost, counted.lost);
    jitter_.Observe(jitter_seconds);
}

void LineMetrics::heard(const listen::ReceiverFigures& figures, LineCounted& counted) {
    listen::ReceiverFigures& before = counted.heard;
    enter(late_, figures.jitter.late, before.jitter.late);
    enter(dropped_, figures.jitter.dropped, before.jitter.dropped);
    enter(undecodable_, figures.not_opus, before.not_opus);
    enter(recovered_, figures.jitter.recovered, before.jitter.recovered);
    enter(concealed_, figures.jitter.concealed, before.jitter.concealed);
}

void LineMetrics::sent(std::uint32_t packets, LineCounted& counted) { enter(sent_, packets, counted.sent); }

void LineMetrics::reported(const ReportBlock& report, std::optional<base::Duration> round_trip, LineCounted& counted) {
    enter_lost(sent_lost_, report.lost, counted.sent_lost);
    if (round_trip) round_trip_.Observe(base::seconds(*round_trip));
}

}  // namespace antiphon::edge
