// What a request shows to be let in.
//
// pure. Programs send `Authorization: Bearer ...`. A page cannot set headers on a WebSocket, so OpenAI's clients offer
// the subprotocol `openai-insecure-api-key....` there; it is never answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace antiphon::edge {

inline constexpr std::string_view kKeyPrefix = "ak_";     ///< of access keys (access_keys.hpp)
inline constexpr std::string_view kSecretPrefix = "ek_";  ///< of client secrets (client_secrets.hpp)
inline constexpr std::string_view kTokenPrefix = "resume_";  ///< of a resumable call's token

/// Of a client secret that is open.
struct SecretBinding {
    std::string origin;  ///< whose pages alone may call with it; empty: anybody
    std::string key;     ///< the name of the access key that asked for it; empty: none was needed
};

/// Who asks, by the request's headers of these names; empty for one that is not there.
struct Asker {
    std::string_view authorization;
    std::string_view subprotocols;
    std::string_view origin;
    /// Of the client secret among them, where another process has made it (presented_secret.hpp); else none.
    std::optional<SecretBinding> shared{};
};

/// The credential that begins with `prefix`, of the Authorization header or else of a subprotocol; empty without one.
/// Credentials of other kinds are passed over.
std::string_view presented(std::string_view prefix, const Asker& asker);

/// Whether it brings any credential at all, of whatever kind.
bool presents_something(const Asker& asker);

}  // namespace antiphon::edge
