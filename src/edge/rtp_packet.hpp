// RTP packets (RFC 3550, 5.1) with their header extensions (RFC 8285) and the audio level (RFC 6464).
//
// pure. Fuzzed. What is read points into the datagram.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace antiphon::edge {

struct RtpPacket {
    bool marker = false;  ///< with sound: the first packet after a silence (RFC 3551, 4.1)
    std::uint8_t payload_type = 0;  ///< 0..127
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint16_t extension_profile = 0;       ///< 0xBEDE: elements of one byte of header; 0x1000..0x100F: of two
    std::span<const std::uint8_t> extension;   ///< all elements; empty if there are none
    std::span<const std::uint8_t> payload;     ///< without padding; may be empty
};

/// `invalid` unless version, lengths and padding agree with the datagram's size.
base::Result<RtpPacket> read_rtp(std::span<const std::uint8_t> datagram);

/// The element with this number (1..14, or 1..255 in the long form); the first, if there are several.
std::optional<std::span<const std::uint8_t>> extension_element(const RtpPacket& packet, std::uint8_t number);

struct AudioLevel {
    bool voice = false;  ///< what the sender thinks
    int dbov = -127;     ///< -127 (silence) to 0
};
std::optional<AudioLevel> audio_level(const RtpPacket& packet, std::uint8_t number);

/// Whether a datagram that came on the shared port is RTCP and not RTP (RFC 5761, 4: by its second byte).
bool is_rtcp(std::span<const std::uint8_t> datagram);

/// The packet as it is sent: 12 bytes of header and the payload; extensions are not written.
std::vector<std::uint8_t> write_rtp(const RtpPacket& packet);

}  // namespace antiphon::edge
