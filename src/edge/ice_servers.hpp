// What browsers are told about STUN and TURN servers: GET /ice.
//
// pure. TURN credentials are made for each request, in the form that coturn calls "TURN REST API"
// (draft-uberti-behave-turn-rest): the name is "<unix time of expiry>:<random>", the password the HMAC of it under a
// secret that only we and the TURN server know. Nobody has to keep them, and they are worth nothing soon after.
#pragma once

#include "base/result.hpp"
#include "edge/reply.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

struct IceSettings {
    std::vector<std::string> stun_urls{};
    std::vector<std::string> turn_urls{};
    std::string turn_secret{};                ///< the TURN server's static-auth-secret
    std::chrono::seconds turn_lifetime{300};  ///< of a credential; at most 300 s
    bool public_relay = false;                ///< the deployment guide's free relay as well
};

struct TurnCredential {
    std::string username;
    std::string password;
};

/// base64(HMAC-SHA1(secret, username)).
std::string turn_password(std::string_view secret, std::string_view username);

/// `expires` in seconds since 1970; `name` tells one credential from another in the TURN server's log.
TurnCredential turn_credential(std::string_view secret, std::int64_t expires, std::string_view name);

/// Fails with `invalid` (the param is the setting's key) for an address that is none, a STUN server among the TURN
/// servers, TURN servers without a secret, and a secret that is short or a placeholder.
base::Result<void> check(const IceSettings& settings);

/// {"iceServers":[{"urls":[...]},{"urls":[...],"username","credential"}],"ttl"}, as RTCPeerConnection takes it. `ttl`
/// is the seconds for which the credentials are good, null when there are none. Never to be cached.
Reply ice_reply(const IceSettings& settings, std::int64_t now, std::string_view name);

}  // namespace antiphon::edge
