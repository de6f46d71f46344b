// Asks a STUN server which address we have on the internet.
//
// thread-safe. Each function blocks, for no longer than its patience: at the start, or in `antiphon check`, never on a
// strand.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/ice_url.hpp"

#include <boost/asio/ip/udp.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

constexpr base::milliseconds kStunPatience{2000};

/// Sends a binding request over UDP up to three times, half a second, then a second apart (RFC 8489, 6.2.1), and gives
/// our address as the server sees it. What comes that is no answer to it is passed over. `not_found` when there is no
/// such host, `unavailable` when nobody answers, `unsupported` for a server over TCP or TLS.
base::Result<boost::asio::ip::udp::endpoint> ask_stun(const IceUrl& server, base::Duration patience = kStunPatience);

/// The address that callers reach this machine at, for the settings' webrtc.public_address:
///   an address  itself
///   ""          none, as an empty text
///   "auto"      what the first of `stun_urls` says; empty when there is none
/// `invalid` for anything else; with "auto" the failures of ask_stun(), after which the server goes on without.
base::Result<std::string> resolve_public_address(std::string_view setting, const std::vector<std::string>& stun_urls,
                                                 base::Duration patience = kStunPatience);

}  // namespace antiphon::edge
