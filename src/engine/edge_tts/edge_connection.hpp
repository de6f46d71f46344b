// One request to the service, over a WebSocket of its own (Boost.Beast; TLS by OpenSSL).
//
// Blocks the thread that calls; everything happens on it, but for the look-up of names (name_lookup.hpp).
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/edge_tts/edge_protocol.hpp"
#include "engine/edge_tts/name_lookup.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine::edge_tts {

struct Request {
    Endpoint endpoint;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> messages;           ///< sent in this order
    base::Duration open_within{};                ///< from the call to the end of the handshake
    base::Duration answer_within{};              ///< from there, and from each message, to the next
};

struct Answer {
    int status = 0;              ///< of a handshake that was refused; 0: it was not
    std::string date;            ///< the service's clock then
    base::Result<void> outcome;  ///< of the whole request
};

/// Sends the request and gives each piece of MP3 to `sound` until the service says that it is done; a failure of
/// `sound` ends it. The outcome fails with
///   cancelled  `stop` was requested: within milliseconds, wherever it stands
///   engine     the service cannot be reached in time, is not who it should be, refuses, or breaks off
Answer ask(const Request& request, NameLookup& names,
           const std::function<base::Result<void>(std::string_view mp3)>& sound, const std::stop_token& stop);

}  // namespace antiphon::engine::edge_tts
