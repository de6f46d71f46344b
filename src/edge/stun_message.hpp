// STUN's messages (RFC 8489), and of TURN (RFC 8656) what it takes to find out whether a relay lets us in.
//
// pure. Responses come from the network and may be anything: what is malformed, or answers another request, is
// refused with `invalid`, and nothing outside the bytes is read.
#pragma once

#include "base/result.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// Known to nobody but the two ends: a response that does not carry it was not made for us.
using StunTransaction = std::array<std::uint8_t, 12>;

/// From the operating system's random source. thread-safe.
StunTransaction random_transaction();

/// What the long-term mechanism (RFC 8489, 9.2) needs after the server has named its realm and nonce.
struct StunCredential {
    std::string username;
    std::string password;
    std::string realm;
    std::string nonce;
};

std::vector<std::uint8_t> binding_request(const StunTransaction& id);

/// For a relay over UDP; without a credential it only asks for the realm and the nonce.
std::vector<std::uint8_t> allocate_request(const StunTransaction& id, const std::optional<StunCredential>& credential);

/// Gives the allocation up (a Refresh with a lifetime of 0).
std::vector<std::uint8_t> release_request(const StunTransaction& id, const StunCredential& credential);

struct StunResponse {
    bool success = false;
    std::optional<boost::asio::ip::udp::endpoint> mapped;   ///< we, as the server sees us
    std::optional<boost::asio::ip::udp::endpoint> relayed;  ///< our address at the relay
    int error = 0;                                          ///< without success: 401, 486, ...
    std::string reason;                                     ///< printable ASCII, at most 128 characters
    std::string realm;
    std::string nonce;
};

/// Reads the response to the request of that id. Addresses are taken from XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS
/// of older servers. Of an attribute that comes twice the first one counts.
base::Result<StunResponse> read_stun_response(std::span<const std::uint8_t> bytes, const StunTransaction& id);

}  // namespace antiphon::edge
