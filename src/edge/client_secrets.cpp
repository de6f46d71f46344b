#include "edge/client_secrets.hpp"

#include "base/ids.hpp"
#include "edge/access.hpp"
#include "edge/access_keys.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {

std::string new_secret() { return base::random_id(base::random_id(kSecretPrefix)); }

base::Error opens_nothing() {
    return base::error(
        base::Errc::not_found,
        "this client secret is unknown, used up or expired; ask POST /v1/realtime/client_secrets for another");
}

ClientSecrets::Hash ClientSecrets::hash_of(std::string_view secret) { return hash_of_key(secret); }

base::Result<std::string> ClientSecrets::make(PreparedCall call, base::Time now, base::Duration life) {
    std::string secret = new_secret();
    if (auto kept = keep(secret, std::move(call), now, life); !kept) return kept.error();
    return secret;
}

base::Result<void> ClientSecrets::keep(std::string_view secret, PreparedCall call, base::Time now, base::Duration life) {
    const std::scoped_lock lock(mutex_);
    if (open_.size() >= most_) std::erase_if(open_, [&](const auto& one) { return one.second.expires <= now; });
    if (open_.size() >= most_)
        return base::error(
            base::Errc::overloaded,
            std::to_string(most_) + " client secrets are open already; they expire within a minute or are used up");
    open_.emplace(hash_of(secret), Open{std::move(call), now + std::min(life, longest_)});
    return {};
}

base::Result<PreparedCall> ClientSecrets::take(std::string_view secret, std::string_view origin, base::Time now) {
    const std::scoped_lock lock(mutex_);
    // Found by its hash: how long the search takes says nothing about the secret.
    const auto found = open_.find(hash_of(secret));
    if (found == open_.end() || found->second.expires <= now) return opens_nothing();
    if (auto right = check_origin_of_secret(found->second.call.binding.origin, origin); !right) return right.error();
    return std::move(open_.extract(found).mapped().call);
}

base::Result<SecretBinding> ClientSecrets::look_at(std::string_view secret, base::Time now) const {
    const std::scoped_lock lock(mutex_);
    const auto found = open_.find(hash_of(secret));
    if (found == open_.end() || found->second.expires <= now) return opens_nothing();
    return found->second.call.binding;
}

base::Result<void> check_origin_of_secret(std::string_view bound, std::string_view origin) {
    if (bound.empty() || same_origin(bound, origin)) return {};
    return base::error(base::Errc::conflict, "this client secret is for pages of another origin");
}

}  // namespace antiphon::edge
