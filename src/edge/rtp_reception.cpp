#include "edge/rtp_reception.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::edge {
namespace {

constexpr std::int64_t kMaxDropout = 3000;   ///< RFC 3550, A.1
constexpr std::int64_t kMaxMisorder = 100;
constexpr std::size_t kMaxMissingHeld = 64;
constexpr base::milliseconds kOvertaking{10};
constexpr int kMostTimes = 2;

}  // namespace

void RtpReception::begin(std::uint16_t sequence, std::uint32_t timestamp) {
    // The timestamps go on: what passed before a jump has passed.
    const std::int64_t passed = began_ ? timestamps_passed() : 0;
    began_ = true;
    first_sequence_ = sequence;
    highest_sequence_ = sequence;
    packets_ = 1;
    expected_before_ = 0;
    packets_before_ = 0;
    newest_timestamp_ = timestamp;
    first_timestamp_ = newest_timestamp_ - passed;
    last_transit_.reset();
    jitter_ = 0;
    missing_.clear();
}

void RtpReception::received(std::uint16_t sequence, std::uint32_t timestamp, base::Time arrived) {
    if (!began_) {
        begin(sequence, timestamp);
        measure_jitter(timestamp, arrived);
        return;
    }
    const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(highest_sequence_));
    if (ahead >= kMaxDropout || ahead <= -kMaxMisorder) {
        if (new_sequence_ != sequence) {
            new_sequence_ = static_cast<std::uint16_t>(sequence + 1);
            return;
        }
        begin(sequence, timestamp);
    } else {
        ++packets_;
        if (ahead > 0) {
            const std::int64_t highest = highest_sequence_ + ahead;
            if (ahead - 1 <= kMostMissing)
                for (std::int64_t lost = highest_sequence_ + 1; lost < highest && missing_.size() < kMaxMissingHeld;
                     ++lost)
                    missing_.try_emplace(lost, Missing{arrived, arrived, 0});
            highest_sequence_ = highest;
            const auto later = static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(newest_timestamp_));
            if (later > 0) newest_timestamp_ += later;
        } else {
            missing_.erase(highest_sequence_ + ahead);
        }
    }
    new_sequence_.reset();
    measure_jitter(timestamp, arrived);
}

void RtpReception::measure_jitter(std::uint32_t timestamp, base::Time arrived) {
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(arrived.time_since_epoch()).count();
    const std::int64_t seconds = nanoseconds / 1'000'000'000;
    const std::int64_t rest = nanoseconds % 1'000'000'000;
    const auto clock = static_cast<std::uint32_t>(seconds * clock_rate_ + rest * clock_rate_ / 1'000'000'000);
    const std::uint32_t transit = clock - timestamp;
    if (last_transit_) {
        const double difference = std::abs(static_cast<double>(static_cast<std::int32_t>(transit - *last_transit_)));
        jitter_ += (difference - jitter_) / 16.0;
    }
    last_transit_ = transit;
}

void RtpReception::sender_report(const SenderInfo& info, base::Time arrived) {
    sender_report_ = static_cast<std::uint32_t>(info.ntp >> 16U);
    sender_report_arrived_ = arrived;
}

std::optional<ReportBlock> RtpReception::report(base::Time now) {
    if (!began_) return std::nullopt;
    const std::int64_t expected = highest_sequence_ - first_sequence_ + 1;
    const std::int64_t expected_since = expected - expected_before_;
    const std::int64_t lost_since = expected_since - static_cast<std::int64_t>(packets_ - packets_before_);
    expected_before_ = expected;
    packets_before_ = packets_;

    ReportBlock block;
    block.ssrc = ssrc_;
    if (expected_since > 0 && lost_since > 0)
        block.fraction_lost = static_cast<std::uint8_t>(std::min<std::int64_t>(lost_since * 256 / expected_since, 255));
    block.lost = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(expected - static_cast<std::int64_t>(packets_), -0x800000, 0x7FFFFF));
    block.highest_sequence = static_cast<std::uint32_t>(highest_sequence_);
    block.jitter = static_cast<std::uint32_t>(std::min(jitter_, 4e9));
    if (sender_report_) {
        const double since = std::max(base::seconds(now - sender_report_arrived_), 0.0);
        block.last_sender_report = *sender_report_;
        block.since_sender_report = static_cast<std::uint32_t>(std::min(since, 65535.0) * 65536.0);
    }
    return block;
}

std::vector<std::uint16_t> RtpReception::ask_again(base::Time now, base::Duration round_trip, base::Duration delay) {
    std::vector<std::uint16_t> sequences;
    for (auto one = missing_.begin(); one != missing_.end();) {
        Missing& missing = one->second;
        if (now - missing.since + round_trip > delay + kLate || missing.times == kMostTimes) {
            one = missing_.erase(one);
            continue;
        }
        const bool due = missing.times == 0 ? now - missing.since >= kOvertaking
                                            : now - missing.asked >= std::max<base::Duration>(round_trip, kOvertaking);
        if (due) {
            sequences.push_back(static_cast<std::uint16_t>(one->first));
            missing.asked = now;
            ++missing.times;
        }
        ++one;
    }
    return sequences;
}

}  // namespace antiphon::edge
