// What is received of one RTP stream: the figures for its reports (RFC 3550, A.1, A.3 and A.8), and what to ask for
// again (NACK).
//
// pure. One for each SSRC.
#pragma once

#include "base/clock.hpp"
#include "edge/rtcp_report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace antiphon::edge {

class RtpReception {
public:
    RtpReception(std::uint32_t ssrc, int clock_rate) : ssrc_(ssrc), clock_rate_(clock_rate) {}

    std::uint32_t ssrc() const { return ssrc_; }

    /// Each packet as it comes, doubled and late ones too. A sequence number that is far off counts only when the one
    /// after it follows; then the figures begin anew.
    void received(std::uint16_t sequence, std::uint32_t timestamp, base::Time arrived);

    void sender_report(const SenderInfo& info, base::Time arrived);

    /// What to report; none before the first packet. Its fraction lost is that since the call before.
    std::optional<ReportBlock> report(base::Time now);

    /// What to ask for again now: what has been missing for 10 ms (it may only have been overtaken) and can still be of
    /// use: a round trip from now at most kLate after its turn, which is `delay` (of the jitter buffer) after the gap
    /// was seen. What comes that little late is not played, but the buffer makes room for the next one. Each is asked
    /// for at most twice, and a round trip apart. Gaps of more than kMostMissing packets are not asked for: there the
    /// way is broken, and asking makes it worse.
    std::vector<std::uint16_t> ask_again(base::Time now, base::Duration round_trip, base::Duration delay);
    static constexpr std::int64_t kMostMissing = 16;
    static constexpr base::milliseconds kLate{40};

    /// How far the timestamps have come since the first packet, in their own units.
    std::int64_t timestamps_passed() const { return newest_timestamp_ - first_timestamp_; }

    double jitter_seconds() const { return jitter_ / clock_rate_; }
    std::uint64_t packets() const { return packets_; }

private:
    struct Missing {
        base::Time since;
        base::Time asked;
        int times = 0;
    };

    void begin(std::uint16_t sequence, std::uint32_t timestamp);
    void measure_jitter(std::uint32_t timestamp, base::Time arrived);

    const std::uint32_t ssrc_;
    const int clock_rate_;
    bool began_ = false;
    std::int64_t first_sequence_ = 0;
    std::int64_t highest_sequence_ = 0;          ///< with its wraps
    std::optional<std::uint16_t> new_sequence_;  ///< what must come next for a jump to be believed
    std::uint64_t packets_ = 0;                  ///< since the beginning or the last jump
    std::int64_t expected_before_ = 0;
    std::uint64_t packets_before_ = 0;
    std::int64_t first_timestamp_ = 0;
    std::int64_t newest_timestamp_ = 0;
    std::optional<std::uint32_t> last_transit_;
    double jitter_ = 0;
    std::optional<std::uint32_t> sender_report_;
    base::Time sender_report_arrived_{};
    std::map<std::int64_t, Missing> missing_;
};

}  // namespace antiphon::edge
