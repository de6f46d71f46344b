// The settings of the network side.
//
// pure.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace antiphon::edge {

struct EdgeSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;                 ///< 0: any free one
    /// Origins that a browser page may come from, besides our own host; "*" is any.
    std::vector<std::string> allowed_origins{"*"};
    std::size_t max_message = 15U << 20U;      ///< bytes of one WebSocket message
    std::size_t max_body = 1U << 20U;          ///< bytes of one HTTP body
    std::size_t max_upload = 25U << 20U;       ///< bytes of the body of POST /v1/audio/transcriptions
    base::milliseconds max_recording{1'800'000};  ///< that one such upload may last
    std::size_t max_uploads = 8;               ///< of these, in memory at the same time
    std::size_t max_queued = 4U << 20U;        ///< bytes waiting for a client that does not read
    bool metrics_only = false;                 ///< answers /metrics, /health and /ready, and nothing else
    base::milliseconds handshake_timeout{10'000};
    base::milliseconds idle_timeout{12'000};   ///< pings go out at half of it
};

}  // namespace antiphon::edge
