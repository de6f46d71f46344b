// The reports that accompany RTP (RTCP, RFC 3550, 6, and NACK of RFC 4585, 6.2.1), read and written.
//
// pure. Fuzzed. Reading takes what it knows from a compound packet (also a reduced one, RFC 5506) and skips the rest;
// what does not fit together is `invalid` as a whole.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// NTP's seconds and fraction: the steady clock set to the wall clock once, so that it never jumps.
class NtpClock {
public:
    /// `now` and `wall` are the same moment.
    NtpClock(base::Time now, std::chrono::system_clock::time_point wall);

    std::uint64_t at(base::Time time) const;  ///< 32.32 bits
    std::uint32_t middle(base::Time time) const { return static_cast<std::uint32_t>(at(time) >> 16U); }  ///< 16.16

private:
    base::Time origin_;
    std::uint64_t at_origin_;
};

/// What one side says of what it receives from `ssrc`.
struct ReportBlock {
    std::uint32_t ssrc = 0;
    std::uint8_t fraction_lost = 0;        ///< of 256, since the report before
    std::int32_t lost = 0;                 ///< in all; below zero with duplicates
    std::uint32_t highest_sequence = 0;    ///< with the number of wraps in its upper half
    std::uint32_t jitter = 0;              ///< in the units of the timestamps
    std::uint32_t last_sender_report = 0;  ///< its middle 32 bits; 0 if none came
    std::uint32_t since_sender_report = 0; ///< in 1/65536 s
};

struct SenderInfo {
    std::uint64_t ntp = 0;
    std::uint32_t timestamp = 0;  ///< RTP's, at the same moment
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;     ///< of payload
};

struct RtcpNews {
    struct Sender {
        std::uint32_t ssrc;
        SenderInfo info;
    };
    struct Missing {
        std::uint32_t ssrc;      ///< of the stream that lacks packets
        std::uint16_t sequence;
    };
    std::optional<Sender> sender;      ///< the last one
    std::vector<ReportBlock> blocks;   ///< at most kMaxBlocks
    std::vector<Missing> missing;      ///< by NACK; at most kMaxMissing
    std::vector<std::uint32_t> gone;   ///< who says goodbye; at most kMaxBlocks
};
constexpr std::size_t kMaxBlocks = 31;
constexpr std::size_t kMaxMissing = 256;

base::Result<RtcpNews> read_rtcp(std::span<const std::uint8_t> datagram);

/// A report and who it is from (SDES CNAME, at most 255 bytes are sent). At most kMaxBlocks blocks are sent.
std::vector<std::uint8_t> write_receiver_report(std::uint32_t own, std::span<const ReportBlock> blocks,
                                                std::string_view cname);
std::vector<std::uint8_t> write_sender_report(std::uint32_t own, const SenderInfo& info,
                                              std::span<const ReportBlock> blocks, std::string_view cname);

/// To be appended to a report. `sequences` rising (they may wrap).
void append_nack(std::vector<std::uint8_t>& compound, std::uint32_t own, std::uint32_t source,
                 std::span<const std::uint16_t> sequences);
void append_goodbye(std::vector<std::uint8_t>& compound, std::uint32_t own);

/// How long a packet and its answer take, from a block about what we send (RFC 3550, 6.4.1, figure 2); none if the
/// block answers no report of ours, or says what cannot be (below zero, over a minute).
std::optional<base::Duration> round_trip(const ReportBlock& block, std::uint32_t now_middle);

}  // namespace antiphon::edge
