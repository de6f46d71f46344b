// `antiphon check URL`: goes the way of a call leg by leg, and names the one that fails.
//
// Runs on the calling thread. Speaks only what any client could: the server that it looks at may be another machine's.
#pragma once

#include "edge/tls_relay.hpp"

#include <chrono>
#include <string>

namespace antiphon::app {

struct CheckCommand {
    std::string server = "http://127.0.0.1:8080";
    edge::TlsTrust trust;             ///< of a server at https://
    std::string key;                  ///< of a server that asks for one
    std::chrono::seconds timeout{5};  ///< for each leg
    bool json = false;                ///< one JSON object per leg
    bool ready = false;               ///< only whether it is ready: for health checks, every few seconds
};

/// Prints one line per leg. Gives the exit code: 0 when none failed, else 1.
int run_check_command(const CheckCommand& command);

}  // namespace antiphon::app
