// The address of a STUN or TURN server, as browsers take it (RFC 7064 and RFC 7065).
//
// pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace antiphon::edge {

struct IceUrl {
    bool relays = false;  ///< turn: or turns:, else stun: or stuns:
    bool secure = false;  ///< stuns: or turns:, over TLS
    bool tcp = false;     ///< ?transport=tcp, which stuns: and turns: mean without it
    std::string host{};   ///< a name or an address, without brackets
    std::uint16_t port = 3478;
};

/// Reads "stun:host", "turn:host:port?transport=udp" and the like; the port is 3478 unless given, 5349 with TLS.
/// `invalid` with a sentence that begins with the text.
base::Result<IceUrl> parse_ice_url(std::string_view text);

}  // namespace antiphon::edge
