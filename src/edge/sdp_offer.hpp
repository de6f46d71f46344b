// What a WebRTC offer asks for, read strictly: all that goes further is made anew from these fields, so no byte of the
// client's text reaches the WebRTC library (RFC 8866, RFC 8829, RFC 8839, RFC 8841).
//
// pure. Fuzzed.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

constexpr std::size_t kMaxOffer = 64U << 10U;      ///< bytes
constexpr std::size_t kMaxOfferCandidates = 64;    ///< those beyond are left out

/// One a=candidate that can be used: UDP, with a literal address (or an mDNS name ending in ".local").
struct SdpCandidate {
    std::string foundation;
    std::uint32_t priority = 0;
    std::string address;
    std::uint16_t port = 0;
    std::string type;  ///< "host", "srflx", "prflx" or "relay"
};

/// The client's a=setup (RFC 8842).
enum class SdpSetup { actpass, active, passive };

struct SdpOffer {
    std::string ice_user;           ///< 4..256 ice-chars
    std::string ice_password;       ///< 22..256 ice-chars
    bool trickle = false;
    std::string fingerprint;        ///< sha-256, upper case, "AB:CD:..."
    SdpSetup setup = SdpSetup::actpass;

    std::string audio_mid;          ///< 1..16 token characters
    int opus_payload = 0;           ///< 96..127 (or 35..63)
    bool client_sends = false;      ///< by a=sendrecv, sendonly, recvonly, inactive
    bool client_receives = false;
    bool opus_in_band_fec = false;  ///< useinbandfec=1: the client can use copies in what we send
    bool opus_stereo = false;
    std::optional<std::uint8_t> audio_level_extension;  ///< RFC 6464
    std::optional<std::uint8_t> mid_extension;          ///< urn:ietf:params:rtp-hdrext:sdes:mid
    bool nack = false;              ///< a=rtcp-fb:<opus> nack
    std::optional<std::uint32_t> client_ssrc;

    std::optional<std::string> data_mid;   ///< none: no data channel is offered
    std::uint16_t sctp_port = 5000;
    std::size_t max_message_size = 65536;

    /// In the order of the offer, "audio" and "data": the answer's order.
    std::vector<std::string> order;
    std::vector<std::string> bundle;       ///< the mids of a=group:BUNDLE
    std::vector<SdpCandidate> candidates;
};

/// Fails with `invalid` and a sentence that says which line is at fault, or `unsupported` for a well-formed offer that
/// cannot be answered (no audio, no Opus, no bundle of several m-lines, no sha-256 fingerprint, video). Exactly one
/// audio m-line; a second audio or any video m-line is refused.
base::Result<SdpOffer> read_offer(std::string_view text);

/// The offer again, in our own words, for the WebRTC library.
std::string write_offer(const SdpOffer& offer);

/// One candidate line as trickled or in the offer, with or without "a=". `invalid` for what is no candidate,
/// `unsupported` for TCP and the like.
base::Result<SdpCandidate> read_candidate(std::string_view line);

}  // namespace antiphon::edge
