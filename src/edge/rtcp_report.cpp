#include "edge/rtcp_report.hpp"

#include "edge/network_bytes.hpp"

#include <algorithm>

namespace antiphon::edge {
namespace {

constexpr std::uint8_t kSenderReport = 200;
constexpr std::uint8_t kReceiverReport = 201;
constexpr std::uint8_t kSourceDescription = 202;
constexpr std::uint8_t kGoodbye = 203;
constexpr std::uint8_t kTransportFeedback = 205;
constexpr std::uint8_t kGenericNack = 1;  ///< format of transport feedback
constexpr std::uint8_t kCname = 1;
constexpr std::size_t kBlock = 24;
constexpr std::uint64_t kEraOfUnix = 2'208'988'800;  ///< seconds from 1900 to 1970

base::Error invalid(const char* what) { return base::error(base::Errc::invalid, what); }

ReportBlock read_block(std::span<const std::uint8_t> bytes) {
    ReportBlock block;
    block.ssrc = read_32(bytes, 0);
    block.fraction_lost = bytes[4];
    const std::uint32_t lost = read_24(bytes, 5);
    block.lost = static_cast<std::int32_t>(lost) - ((lost & 0x800000U) != 0 ? 0x1000000 : 0);
    block.highest_sequence = read_32(bytes, 8);
    block.jitter = read_32(bytes, 12);
    block.last_sender_report = read_32(bytes, 16);
    block.since_sender_report = read_32(bytes, 20);
    return block;
}

/// `body` is what follows the first four bytes, without padding.
bool read_report(std::uint8_t type, std::size_t count, std::span<const std::uint8_t> body, RtcpNews& news) {
    const std::size_t head = type == kSenderReport ? 24 : 4;
    if (body.size() < head + count * kBlock) return false;
    if (type == kSenderReport) {
        const std::uint64_t ntp = static_cast<std::uint64_t>(read_32(body, 4)) << 32U | read_32(body, 8);
        news.sender =
            RtcpNews::Sender{read_32(body, 0), {ntp, read_32(body, 12), read_32(body, 16), read_32(body, 20)}};
    }
    for (std::size_t i = 0; i < count && news.blocks.size() < kMaxBlocks; ++i)
        news.blocks.push_back(read_block(body.subspan(head + i * kBlock, kBlock)));
    return true;
}

bool read_nack(std::span<const std::uint8_t> body, RtcpNews& news) {
    if (body.size() < 8) return false;
    const std::uint32_t source = read_32(body, 4);
    for (std::size_t at = 8; at + 4 <= body.size(); at += 4) {
        const std::uint16_t first = read_16(body, at);
        const std::uint32_t mask = (static_cast<std::uint32_t>(read_16(body, at + 2)) << 1U) | 1U;  // the first itself
        for (std::uint32_t bit = 0; bit <= 16; ++bit) {
            if ((mask >> bit & 1U) == 0) continue;
            if (news.missing.size() == kMaxMissing) return true;
            news.missing.push_back({source, static_cast<std::uint16_t>(first + bit)});
        }
    }
    return true;
}

bool read_goodbye(std::size_t count, std::span<const std::uint8_t> body, RtcpNews& news) {
    if (body.size() < 4 * count) return false;
    for (std::size_t i = 0; i < count && news.gone.size() < kMaxBlocks; ++i) news.gone.push_back(read_32(body, 4 * i));
    return true;
}

/// The head of a packet whose length is set by end_packet().
std::size_t begin_packet(std::vector<std::uint8_t>& bytes, std::size_t count, std::uint8_t type) {
    const std::size_t begin = bytes.size();
    bytes.push_back(static_cast<std::uint8_t>(0x80U | count));
    bytes.push_back(type);
    append_16(bytes, 0);
    return begin;
}

void end_packet(std::vector<std::uint8_t>& bytes, std::size_t begin) {
    const std::size_t words = (bytes.size() - begin) / 4 - 1;
    bytes[begin + 2] = static_cast<std::uint8_t>(words >> 8U);
    bytes[begin + 3] = static_cast<std::uint8_t>(words);
}

void append_blocks(std::vector<std::uint8_t>& bytes, std::span<const ReportBlock> blocks) {
    for (const ReportBlock& block : blocks) {
        append_32(bytes, block.ssrc);
        bytes.push_back(block.fraction_lost);
        append_24(bytes,
                  static_cast<std::uint32_t>(std::clamp<std::int32_t>(block.lost, -0x800000, 0x7FFFFF)) & 0xFFFFFFU);
        append_32(bytes, block.highest_sequence);
        append_32(bytes, block.jitter);
        append_32(bytes, block.last_sender_report);
        append_32(bytes, block.since_sender_report);
    }
}

void append_source_description(std::vector<std::uint8_t>& bytes, std::uint32_t own, std::string_view cname) {
    const std::size_t begin = begin_packet(bytes, 1, kSourceDescription);
    append_32(bytes, own);
    cname = cname.substr(0, 255);
    bytes.push_back(kCname);
    bytes.push_back(static_cast<std::uint8_t>(cname.size()));
    bytes.insert(bytes.end(), cname.begin(), cname.end());
    do bytes.push_back(0); while ((bytes.size() - begin) % 4 != 0);
    end_packet(bytes, begin);
}

}  // namespace

NtpClock::NtpClock(base::Time now, std::chrono::system_clock::time_point wall) : origin_(now) {
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
    const auto whole = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
    at_origin_ = ((whole / 1'000'000'000 + kEraOfUnix) << 32U) + ((whole % 1'000'000'000) << 32U) / 1'000'000'000;
}

std::uint64_t NtpClock::at(base::Time time) const {
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time - origin_).count();
    const auto since = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
    return at_origin_ + ((since / 1'000'000'000) << 32U) + ((since % 1'000'000'000) << 32U) / 1'000'000'000;
}

base::Result<RtcpNews> read_rtcp(std::span<const std::uint8_t> datagram) {
    RtcpNews news;
    if (datagram.size() < 4) return invalid("RTCP shorter than its header");
    std::size_t at = 0;
    while (at < datagram.size()) {
        if (datagram.size() - at < 4) return invalid("RTCP with a piece of a packet at its end");
        const std::uint8_t first = datagram[at];
        const std::uint8_t type = datagram[at + 1];
        const std::size_t length = 4 * (std::size_t{read_16(datagram, at + 2)} + 1);
        if (first >> 6U != 2) return invalid("RTCP of another version than 2");
        if (datagram.size() - at < length) return invalid("RTCP shorter than it says");
        auto body = datagram.subspan(at + 4, length - 4);
        at += length;
        if ((first & 0x20U) != 0) {
            if (at != datagram.size() || body.empty() || body.back() == 0 || body.back() > body.size())
                return invalid("RTCP with padding that does not fit");
            body = body.first(body.size() - body.back());
        }
        const std::size_t count = first & 0x1FU;
        bool fits = true;
        if (type == kSenderReport || type == kReceiverReport) fits = read_report(type, count, body, news);
        else if (type == kGoodbye) fits = read_goodbye(count, body, news);
        else if (type == kTransportFeedback && count == kGenericNack) fits = read_nack(body, news);
        if (!fits) return invalid("RTCP shorter than its parts");
    }
    return news;
}

std::vector<std::uint8_t> write_receiver_report(std::uint32_t own, std::span<const ReportBlock> blocks,
                                                std::string_view cname) {
    blocks = blocks.first(std::min(blocks.size(), kMaxBlocks));
    std::vector<std::uint8_t> bytes;
    const std::size_t begin = begin_packet(bytes, blocks.size(), kReceiverReport);
    append_32(bytes, own);
    append_blocks(bytes, blocks);
    end_packet(bytes, begin);
    append_source_description(bytes, own, cname);
    return bytes;
}

std::vector<std::uint8_t> write_sender_report(std::uint32_t own, const SenderInfo& info,
                                              std::span<const ReportBlock> blocks, std::string_view cname) {
    blocks = blocks.first(std::min(blocks.size(), kMaxBlocks));
    std::vector<std::uint8_t> bytes;
    const std::size_t begin = begin_packet(bytes, blocks.size(), kSenderReport);
    append_32(bytes, own);
    append_32(bytes, static_cast<std::uint32_t>(info.ntp >> 32U));
    append_32(bytes, static_cast<std::uint32_t>(info.ntp));
    append_32(bytes, info.timestamp);
    append_32(bytes, info.packets);
    append_32(bytes, info.octets);
    append_blocks(bytes, blocks);
    end_packet(bytes, begin);
    append_source_description(bytes, own, cname);
    return bytes;
}

void append_nack(std::vector<std::uint8_t>& compound, std::uint32_t own, std::uint32_t source,
                 std::span<const std::uint16_t> sequences) {
    if (sequences.empty()) return;
    const std::size_t begin = begin_packet(compound, kGenericNack, kTransportFeedback);
    append_32(compound, own);
    append_32(compound, source);
    std::size_t i = 0;
    while (i < sequences.size()) {
        const std::uint16_t first = sequences[i++];
        std::uint32_t mask = 0;
        for (; i < sequences.size(); ++i) {
            const auto ahead = static_cast<std::uint16_t>(sequences[i] - first);
            if (ahead == 0 || ahead > 16) break;
            mask |= 1U << (ahead - 1U);
        }
        append_16(compound, first);
        append_16(compound, mask);
    }
    end_packet(compound, begin);
}

void append_goodbye(std::vector<std::uint8_t>& compound, std::uint32_t own) {
    const std::size_t begin = begin_packet(compound, 1, kGoodbye);
    append_32(compound, own);
    end_packet(compound, begin);
}

std::optional<base::Duration> round_trip(const ReportBlock& block, std::uint32_t now_middle) {
    if (block.last_sender_report == 0) return std::nullopt;
    const std::uint32_t units = now_middle - block.last_sender_report - block.since_sender_report;
    constexpr std::uint32_t kMinute = 60U << 16U;
    // Both sides round: on the same machine it may come out a little below nothing.
    constexpr std::uint32_t kRounding = 66;  // 1 ms
    if (units > std::uint32_t{0} - kRounding) return base::Duration::zero();
    if (units > kMinute) return std::nullopt;
    return std::chrono::duration_cast<base::Duration>(
        std::chrono::nanoseconds(std::uint64_t{units} * 1'000'000'000 / 65536));
}

}  // namespace antiphon::edge
