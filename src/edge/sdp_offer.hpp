// What a WebRTC offer asks for, read strictly: all that goes further is made anew from these fields, so no byte of the
// client's text reaches the WebRTC library (RFC 8866, RFC 8829, RFC 8839, RFC 8841).
//
// pure. Fuzzed (tests/fuzz/sdp_offer_fuzz.cpp).
#pragma once

#include "base/result.hpp"
#include "edge/sdp_candidate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

constexpr std::size_t kMaxOffer = 64U << 10U;      ///< bytes
constexpr std::size_t kMaxOfferCandidates = 64;    ///< those beyond are left out

/// The client's a=setup (RFC 8842).
enum class SdpSetup { actpass, active, passive };

/// One m-line, as the answer has to repeat it.
struct SdpOfferedLine {
    enum class Kind { audio, data, rejected };
    Kind kind = Kind::rejected;
    std::string mid;       ///< 1..16 token characters; a rejected one may have none
    std::string rejected;  ///< of a rejected one, "video 0 UDP/TLS/RTP/SAVPF 96": checked word by word

    bool operator==(const SdpOfferedLine&) const = default;
};

struct SdpOffer {
    std::string ice_user;           ///< 4..256 ice-chars
    std::string ice_password;       ///< 22..256 ice-chars
    bool trickle = false;
    std::string fingerprint;        ///< sha-256, upper case, "AB:CD:..."
    SdpSetup setup = SdpSetup::actpass;

    std::string audio_mid;
    int opus_payload = 0;           ///< 96..127 (or 35..63)
    bool client_sends = false;      ///< by a=sendrecv, sendonly, recvonly, inactive
    bool client_receives = false;
    bool opus_in_band_fec = false;  ///< useinbandfec=1: the client can use copies in what we send
    bool opus_stereo = false;
    std::optional<int> opus_max_bitrate;  ///< maxaveragebitrate of what we send, 6000..510000 bits per second
    std::optional<std::uint8_t> audio_level_extension;  ///< RFC 6464; 1..14
    std::optional<std::uint8_t> mid_extension;          ///< urn:ietf:params:rtp-hdrext:sdes:mid; 1..14
    bool nack = false;              ///< a=rtcp-fb:<opus> nack
    std::optional<std::uint32_t> client_ssrc;

    std::optional<std::string> data_mid;   ///< none: no data channel is offered
    std::uint16_t sctp_port = 5000;
    std::size_t max_message_size = 65536;  ///< 1..2^30-1 (RFC 8841: "any" is 0 in the offer, and the largest here)

    std::vector<SdpOfferedLine> order;     ///< all m-lines: the answer has the same
    std::vector<std::string> bundle;       ///< of a=group:BUNDLE, the mids in use; the first one's line is the transport's
    std::vector<SdpCandidate> candidates;  ///< in their order; mDNS names among them

    bool operator==(const SdpOffer&) const = default;
};

/// Fails with `invalid` and a sentence that says which line is at fault, or `unsupported` for a well-formed offer that
/// cannot be answered: no audio, a second audio, video, no Opus, no rtcp-mux, no bundle of several m-lines, no sha-256
/// fingerprint, an ICE-lite client, media that are not DTLS-SRTP. Rejected m-lines (port 0) may be anything.
base::Result<SdpOffer> read_offer(std::string_view text);

/// We are the active side of DTLS unless the client insists (RFC 5763, 5, recommends it). As the one that answers the
/// checks we have our way later than the client has its own; what a client would begin with came before that and were
/// lost, and many repeat it only after a second.
inline bool answers_as_active(const SdpOffer& offer) { return offer.setup != SdpSetup::active; }

/// The offer again, in our own words, for the WebRTC library, which takes the role of answers_as_active(). Left out are
/// rejected m-lines (the library would make tracks of them), and candidates with names (it would start a thread for each
/// to ask the DNS for what the client wrote; such a client is found by the checks that it sends). What is left reads
/// back the same but for setup, which is settled.
std::string write_offer(const SdpOffer& offer);

}  // namespace antiphon::edge
