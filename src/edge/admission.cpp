#include "edge/admission.hpp"

#include "base/clock.hpp"
#include "edge/access_control.hpp"
#include "edge/answers.hpp"
#include "edge/client_secrets.hpp"
#include "edge/presented_secret.hpp"
#include "edge/realtime_session.hpp"

#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

Reply counted(Reply refusal, const char* why, const Services& services) {
    services.metrics
        .counter("antiphon_access_refused_total", "Requests that were not let in, by the reason", {{"reason", why}})
        .Increment();
    return refusal;
}

Reply no_key_reply(const Asker& asker, const Services& services) {
    const bool wrong = presents_something(asker);
    return counted(error_reply(401, "invalid_api_key",
                               wrong ? "the key is none of this server's"
                                     : "this server asks for a key: send the header Authorization: Bearer ak_...",
                               {{"WWW-Authenticate", "Bearer"}}),
                   wrong ? "wrong_key" : "no_key", services);
}

/// Whom the client secret speaks for; none where none is shown.
std::optional<std::variant<Admitted, Reply>> by_secret(const Asker& asker, bool of_page, const AccessKeys& keys,
                                                       const Services& services) {
    const std::string_view secret = presented(kSecretPrefix, asker);
    if (secret.empty() || services.client_secrets == nullptr) return std::nullopt;
    auto bound = asker.shared ? base::Result<SecretBinding>(*asker.shared)
                              : services.client_secrets->look_at(secret, base::Clock::now());
    // It goes with the key that asked for it.
    if (bound && !keys.knows(bound->key)) bound = base::error(base::Errc::not_found, "the key of this client secret is no more");
    if (!bound) return counted(refused_secret_reply(bound.error()), "client_secret", services);
    // A page that fetches from its own server does not say where it comes from.
    if (of_page || !asker.origin.empty())
        if (const auto right = check_origin_of_secret(bound->origin, asker.origin); !right)
            return counted(refused_secret_reply(right.error()), "origin", services);
    return Admitted{bound->key};
}

bool comes_back(const Target& target) { return target.query.contains("call_id") && target.query.contains("resume"); }

bool owns(const std::string& key, const std::string& call_id, const Services& services) {
    const auto owner = services.access->owner(call_id);
    return !owner || *owner == key;
}

bool has_token_of(const std::string& call_id, const Asker& asker, const Services& services) {
    const std::string_view token = presented(kTokenPrefix, asker);
    if (token.empty()) return false;
    const auto session = services.sessions->find(call_id);
    return session && session->is_resume_token(token);
}

}  // namespace

std::variant<Admitted, Reply> admit(const Route& route, const Target& target, const Asker& asker, const Services& services) {
    if (services.access == nullptr) return Admitted{};
    const auto rules = services.access->rules();
    if (!rules->keys_needed || route.access == RouteAccess::anybody) return Admitted{};
    const auto call = target.query.find("call_id");
    std::optional<std::string> key;
    if (const auto shown = presented(kKeyPrefix, asker); !shown.empty()) key = rules->keys.name_of(shown);
    switch (route.access) {
        case RouteAccess::new_call:
            if (comes_back(target)) return Admitted{key.value_or("")};
            // To watch one is for the key that began it.
            if (key && call != target.query.end() && !owns(*key, call->second, services)) return no_call_reply();
            if (!key && call == target.query.end())
                if (auto admitted = by_secret(asker, true, rules->keys, services)) return std::move(*admitted);
            break;
        case RouteAccess::key_or_secret:
            if (!key)
                if (auto admitted = by_secret(asker, false, rules->keys, services)) return std::move(*admitted);
            break;
        case RouteAccess::own_call:
            if (has_token_of(call_id(target.path), asker, services)) return Admitted{};
            if (key && !owns(*key, call_id(target.path), services)) return no_call_reply();
            break;
        case RouteAccess::anybody:
        case RouteAccess::key:
        case RouteAccess::metrics: break;
    }
    if (!key) return no_key_reply(asker, services);
    return Admitted{std::move(*key)};
}

void CallEntry::became(const std::string& call_id) const {
    if (services_->access != nullptr && !key_.empty()) holder_->owned = services_->access->remember_owner(call_id, key_);
}

std::variant<CallEntry, Reply> enter_call(const Admitted& by, std::string_view address, const Services& services) {
    auto holder = std::make_shared<CallEntry::Holder>();
    if (services.access != nullptr) {
        auto counted_in = services.access->enter(by.key, counted_as(address), base::Clock::now());
        if (const auto* refused = std::get_if<CallLimits::Refused>(&counted_in))
            return counted(error_reply(429, "rate_limit_exceeded", refused->because,
                                       {{"Retry-After", std::to_string(refused->retry_after)}}),
                           "rate", services);
        holder->counted = std::get<call::CallPlace>(std::move(counted_in));
    }
    auto place = services.registry.enter();
    if (!place) return overloaded_reply(place.error());
    holder->place = std::move(*place);
    return CallEntry(std::move(holder), services, by.key);
}

}  // namespace antiphon::edge
