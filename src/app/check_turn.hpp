// Whether a TURN server gives us a relay: for `antiphon check`.
//
// Blocks for at most its time limit. thread-safe.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/ice_url.hpp"

#include <string>

namespace antiphon::app {

/// Asks for an allocation over UDP, and gives it back. Gives the relay's address and port. Fails with
///   unavailable  no answer
///   conflict     the name and password are not taken
///   overloaded   the server's quotas are used up
base::Result<std::string> ask_for_relay(const edge::IceUrl& server, const std::string& username,
                                        const std::string& password, base::Duration limit);

}  // namespace antiphon::app
