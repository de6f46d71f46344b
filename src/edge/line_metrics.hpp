// How the sound of calls over WebRTC fares, summed over all lines.
//
// thread-safe; what a line has counted already is that line's own. Entered with each report of either side, every two
// seconds: what came between a line's last report and its end is not in it.
#pragma once

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "edge/rtcp_report.hpp"
#include "listen/sound_receiver.hpp"

#include <cstdint>
#include <optional>

namespace antiphon::edge {

/// How much of one line's figures was entered.
struct LineCounted {
    std::uint32_t stream = 0;  ///< the caller's SSRC: another one's figures begin anew
    std::uint64_t received = 0;
    std::int64_t lost = 0;
    std::uint32_t sent = 0;
    std::int64_t sent_lost = 0;
    listen::ReceiverFigures heard;
};

class LineMetrics {
public:
    explicit LineMetrics(base::Metrics& metrics);

    /// What is received of the caller's stream: our own report, and the packets that it counts.
    void received(const ReportBlock& report, std::uint64_t packets, double jitter_seconds, LineCounted& counted);
    /// What became of it in the jitter buffer and the decoder.
    void heard(const listen::ReceiverFigures& figures, LineCounted& counted);
    void sent(std::uint32_t packets, LineCounted& counted);
    /// The client's report of what we send. `round_trip`: as this report tells it; none if it answers none of ours.
    void reported(const ReportBlock& report, std::optional<base::Duration> round_trip, LineCounted& counted);

private:
    prometheus::Counter& received_;
    prometheus::Counter& lost_;
    prometheus::Counter& sent_;
    prometheus::Counter& sent_lost_;
    prometheus::Counter& late_;
    prometheus::Counter& dropped_;
    prometheus::Counter& undecodable_;
    prometheus::Counter& recovered_;
    prometheus::Counter& concealed_;
    prometheus::Histogram& jitter_;
    prometheus::Histogram& round_trip_;
};

}  // namespace antiphon::edge
