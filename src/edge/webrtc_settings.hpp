// The settings of calls over WebRTC.
//
// pure.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <string>

namespace antiphon::edge {

struct WebRtcSettings {
    bool enabled = true;
    /// The UDP ports of calls: "10000-20000" is a port of its own for each call, "10000" one port for all of them, and
    /// "0" any free one for each.
    std::string ports = "10000-20000";
    std::string bind_address;      ///< empty: all addresses of the machine
    std::string public_address;    ///< under which clients reach this machine, where that is not an address of its own
    std::string certificate_file;  ///< PEM, with key_file; empty: one is made at the start
    std::string key_file;
    std::size_t mtu = 1200;                      ///< bytes of a datagram
    base::milliseconds connect_timeout{30'000};  ///< from the answer to media or data
    base::milliseconds idle_timeout{15'000};     ///< a client of which nothing came this long is gone
};

}  // namespace antiphon::edge
