#include "edge/rtp_packet.hpp"

#include "edge/network_bytes.hpp"

namespace antiphon::edge {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kOneByteElements = 0xBEDE;
constexpr std::uint16_t kTwoByteElements = 0x1000;  ///< the lowest four bits are the application's
constexpr std::uint8_t kStop = 15;

base::Error invalid(const char* what) { return base::error(base::Errc::invalid, what); }

}  // namespace

base::Result<RtpPacket> read_rtp(std::span<const std::uint8_t> datagram) {
    if (datagram.size() < kHeader) return invalid("RTP shorter than its header");
    if (datagram[0] >> 6U != 2) return invalid("RTP of another version than 2");
    const bool padded = (datagram[0] & 0x20U) != 0;
    const bool extended = (datagram[0] & 0x10U) != 0;
    const std::size_t sources = datagram[0] & 0x0FU;

    RtpPacket packet;
    packet.marker = (datagram[1] & 0x80U) != 0;
    packet.payload_type = datagram[1] & 0x7FU;
    packet.sequence = read_16(datagram, 2);
    packet.timestamp = read_32(datagram, 4);
    packet.ssrc = read_32(datagram, 8);

    std::size_t at = kHeader + 4 * sources;
    if (datagram.size() < at) return invalid("RTP shorter than its list of sources");
    if (extended) {
        if (datagram.size() < at + 4) return invalid("RTP shorter than its extension");
        packet.extension_profile = read_16(datagram, at);
        const std::size_t length = std::size_t{4} * read_16(datagram, at + 2);
        at += 4;
        if (datagram.size() - at < length) return invalid("RTP shorter than its extension");
        packet.extension = datagram.subspan(at, length);
        at += length;
    }
    std::size_t padding = 0;
    if (padded) {
        padding = datagram.back();
        if (padding == 0 || padding > datagram.size() - at) return invalid("RTP with more padding than there is");
    }
    packet.payload = datagram.subspan(at, datagram.size() - at - padding);
    return packet;
}

std::optional<std::span<const std::uint8_t>> extension_element(const RtpPacket& packet, std::uint8_t number) {
    const auto bytes = packet.extension;
    const bool one_byte = packet.extension_profile == kOneByteElements;
    const bool two_bytes = (packet.extension_profile & 0xFFF0U) == kTwoByteElements;
    if (number == 0 || (!one_byte && !two_bytes)) return std::nullopt;
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes[at] == 0) {  // padding
            ++at;
            continue;
        }
        std::uint8_t here = 0;
        std::size_t length = 0;
        if (one_byte) {
            here = bytes[at] >> 4U;
            length = (bytes[at] & 0x0FU) + 1U;
            if (here == kStop) return std::nullopt;
            at += 1;
        } else {
            if (bytes.size() - at < 2) return std::nullopt;
            here = bytes[at];
            length = bytes[at + 1];
            at += 2;
        }
        if (bytes.size() - at < length) return std::nullopt;
        if (here == number) return bytes.subspan(at, length);
        at += length;
    }
    return std::nullopt;
}

std::optional<AudioLevel> audio_level(const RtpPacket& packet, std::uint8_t number) {
    const auto element = extension_element(packet, number);
    if (!element || element->empty()) return std::nullopt;
    const std::uint8_t value = element->front();
    return AudioLevel{(value & 0x80U) != 0, -static_cast<int>(value & 0x7FU)};
}

bool is_rtcp(std::span<const std::uint8_t> datagram) {
    return datagram.size() >= 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

std::vector<std::uint8_t> write_rtp(const RtpPacket& packet) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(kHeader + packet.payload.size());
    bytes.push_back(0x80);
    bytes.push_back(static_cast<std::uint8_t>((packet.marker ? 0x80U : 0U) | (packet.payload_type & 0x7FU)));
    append_16(bytes, packet.sequence);
    append_32(bytes, packet.timestamp);
    append_32(bytes, packet.ssrc);
    bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
    return bytes;
}

}  // namespace antiphon::edge
