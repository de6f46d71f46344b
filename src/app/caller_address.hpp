// Where the terminal caller connects to: the parts of the --server address.
//
// pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace antiphon::app {

struct CallerAddress {
    std::string host;  ///< a name or an IP address, without brackets
    std::string port;
    std::string target;  ///< what the WebSocket asks for, for example "/v1/realtime?model=antiphon"
    bool secure = false;   ///< https:// or wss://
    std::string prefix{};  ///< of all paths there, for example "/voice"; usually empty

    /// As a Host header and a message to people name it, for example "[::1]:8080".
    std::string authority() const;
    /// Of a path of the server, for example "/ice": "https://[::1]:8080/voice/ice".
    std::string url(std::string_view path) const;
};

/// Reads "http://host:port/prefix" (also ws:// or no scheme at all; the port is 80 unless given) and
/// "https://host:port/prefix" (also wss://; port 443). `invalid` for anything that is no address.
base::Result<CallerAddress> parse_caller_address(std::string_view text);

}  // namespace antiphon::app
