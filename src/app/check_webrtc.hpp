// A call over WebRTC, no longer than it takes to see that it comes to be: for `antiphon check`.
//
// Blocks for at most three times its time limit and a little. Ends the library's threads, so only what comes after it in
// the process may use the library, nothing beside it.
#pragma once

#include "app/caller_ice.hpp"
#include "base/result.hpp"
#include "edge/tls_relay.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace antiphon::app {

/// Makes an offer to `calls_url`, opens the data channel, waits for the call's first event, and hangs up. Gives the
/// address that the sound would travel to. Fails with
///   unsupported  the server does not take the call; the text has its words
///   unavailable  it does, but nothing comes through
base::Result<std::string> try_webrtc(const std::string& calls_url, const std::vector<IceServer>& servers,
                                     const edge::TlsTrust& trust, const std::string& key, std::chrono::seconds limit);

}  // namespace antiphon::app
