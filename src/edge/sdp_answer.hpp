// The answer to a WebRTC offer, in our own words.
//
// pure. The library gathers and negotiates; this says to the client what it did, with the addresses that the client
// can reach.
#pragma once

#include "edge/sdp_offer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace antiphon::edge {

struct SdpAnswer {
    std::string ice_user;
    std::string ice_password;
    std::string fingerprint;       ///< sha-256 of our certificate
    std::uint32_t ssrc = 0;        ///< of the sound we send
    std::string cname;
    std::vector<SdpCandidate> candidates;
    std::uint64_t session_id = 0;  ///< of the o= line
};

/// Mirrors the offer's m-lines, mids and payload type. We are the passive side of DTLS unless the client insists.
std::string write_answer(const SdpOffer& offer, const SdpAnswer& answer);

/// What is needed from the library's own description: user, password, fingerprint, ssrc, candidates. `engine` when
/// something is missing.
base::Result<SdpAnswer> read_local_description(std::string_view text);

/// Host candidates at `public_address` (a setting, or learned by STUN) with the ports of the gathered ones, before them;
/// with `only`, instead of them. Loopback and link-local ones are left out unless they are all there is.
std::vector<SdpCandidate> advertised(std::vector<SdpCandidate> gathered, const std::string& public_address, bool only);

}  // namespace antiphon::edge
