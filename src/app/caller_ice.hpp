// The STUN and TURN servers that a server's GET /ice names.
//
// pure.
#pragma once

#include "edge/ice_url.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::app {

struct IceServer {
    std::string name;  ///< its address as it was written
    edge::IceUrl url;
    std::string username;  ///< these two of TURN only
    std::string password;
};

/// Reads the answer of GET /ice; addresses that are none are left out. None when it is no such answer.
std::optional<std::vector<IceServer>> read_ice_servers(std::string_view body);

}  // namespace antiphon::app
