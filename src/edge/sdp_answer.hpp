// The answer to a WebRTC offer, in our own words.
//
// pure. The library gathers and negotiates; this says to the client what it did, with the addresses that the client
// can reach.
#pragma once

#include "edge/sdp_offer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

constexpr std::size_t kMaxMessageSize = 256U << 10U;  ///< of the data channel: what the client may send us

struct SdpAnswer {
    std::string ice_user;
    std::string ice_password;
    std::string fingerprint;       ///< sha-256 of our certificate, upper case
    std::uint32_t ssrc = 0;        ///< of the sound we send
    std::string cname;             ///< token characters
    std::vector<SdpCandidate> candidates;  ///< all there will be: the answer ends with a=end-of-candidates
    std::uint64_t session_id = 0;  ///< of the o= line, below 2^63
};

/// Mirrors the offer's m-lines, mids, bundle and payload type; the direction is the other way round. We are passive or
/// active as answers_as_active() says, and never ICE-lite. Sound is mono, with DTX and in-band FEC.
std::string write_answer(const SdpOffer& offer, const SdpAnswer& answer);

/// What is needed from the library's own description: user, password, fingerprint, candidates, and the ssrc with its
/// cname where the description names one (0 and empty if not). Candidates that cannot be used are left out. `engine`
/// when something is missing or cannot be read.
base::Result<SdpAnswer> read_local_description(std::string_view text);

/// Host candidates at `public_address` (a setting, or learned by STUN; empty: none) with the ports of the gathered
/// ones, before them; with `only`, instead of them. Loopback and link-local ones are left out unless they are all there
/// is. A public address that is no address, or with nothing gathered, changes nothing.
std::vector<SdpCandidate> advertised(std::vector<SdpCandidate> gathered, const std::string& public_address, bool only);

}  // namespace antiphon::edge
