#include "edge/client_secrets.hpp"

#include "base/ids.hpp"
#include "base/utf8.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::string_view kPrefix = "ek_";
constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kSubprotocol = "openai-insecure-api-key.";

bool begins_with(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
               return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
           });
}

}  // namespace

ClientSecrets::Hash ClientSecrets::hash_of(std::string_view secret) {
    Hash hash{};
    SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
    return hash;
}

base::Result<std::string> ClientSecrets::make(PreparedCall call, base::Time now, base::Duration life) {
    std::string secret = base::random_id(base::random_id(kPrefix));
    const std::scoped_lock lock(mutex_);
    if (open_.size() >= most_) std::erase_if(open_, [&](const auto& one) { return one.second.expires <= now; });
    if (open_.size() >= most_)
        return base::error(
            base::Errc::overloaded,
            std::to_string(most_) + " client secrets are open already; they expire within a minute or are used up");
    open_.emplace(hash_of(secret), Open{std::move(call), now + std::min(life, longest_)});
    return secret;
}

base::Result<PreparedCall> ClientSecrets::take(std::string_view secret, base::Time now) {
    const std::scoped_lock lock(mutex_);
    // Found by its hash: how long the search takes says nothing about the secret.
    auto found = open_.extract(hash_of(secret));
    if (found.empty() || found.mapped().expires <= now)
        return base::error(
            base::Errc::not_found,
            "this client secret is unknown, used up or expired; ask POST /v1/realtime/client_secrets for another");
    return std::move(found.mapped().call);
}

std::string_view presented_secret(std::string_view authorization, std::string_view subprotocols) {
    if (begins_with(authorization, kBearer)) {
        const auto key = base::trimmed(authorization.substr(kBearer.size()));
        if (key.starts_with(kPrefix)) return key;
    }
    while (!subprotocols.empty()) {
        const auto comma = std::min(subprotocols.find(','), subprotocols.size());
        const auto offered = base::trimmed(subprotocols.substr(0, comma));
        subprotocols.remove_prefix(std::min(comma + 1, subprotocols.size()));
        if (!offered.starts_with(kSubprotocol)) continue;
        const auto key = offered.substr(kSubprotocol.size());
        if (key.starts_with(kPrefix)) return key;
    }
    return {};
}

}  // namespace antiphon::edge
