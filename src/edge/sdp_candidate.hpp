// One a=candidate line of ICE (RFC 8839 section 5.1).
//
// pure. Fuzzed (tests/fuzz/candidate_fuzz.cpp).
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace antiphon::edge {

/// A candidate that can be used: component 1, UDP, with a literal address or an mDNS name.
struct SdpCandidate {
    std::string foundation;      ///< 1..32 ice-chars
    std::uint32_t priority = 0;  ///< 1..2^31-1
    std::string address;         ///< IPv4, IPv6, or a name that ends in ".local"
    std::uint16_t port = 0;      ///< never 0
    std::string type;            ///< "host", "srflx", "prflx" or "relay"

    /// An mDNS name instead of an address, as browsers give it for a host candidate.
    bool is_name() const { return address.ends_with(".local"); }

    bool operator==(const SdpCandidate&) const = default;
};

/// One candidate line as trickled or in the offer, with or without "a=". `invalid` for what is no candidate;
/// `unsupported` for a well-formed one that cannot be used: TCP, another component or type, an address that is no
/// host's (unspecified, multicast, broadcast, IPv4-mapped), a name that is not mDNS.
base::Result<SdpCandidate> read_candidate(std::string_view line);

/// "a=candidate:..." without a line break.
std::string write_candidate(const SdpCandidate& candidate);

}  // namespace antiphon::edge
