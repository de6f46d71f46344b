#include "edge/presented_secret.hpp"

#include "base/log.hpp"
#include "edge/answers.hpp"
#include "edge/client_secrets.hpp"
#include "edge/openai_client_secrets.hpp"
#include "edge/shared_secrets.hpp"

#include <string>
#include <utility>

namespace antiphon::edge {
namespace {

std::variant<CallWanted, Reply> wanted_by(const Target& target, base::Result<PreparedCall> prepared) {
    if (!prepared) return refused_secret_reply(prepared.error());
    CallWanted wanted{target, std::nullopt};
    if (!prepared->agent.empty()) wanted.target.query["agent"] = prepared->agent;
    if (!prepared->model.empty()) wanted.target.query["model"] = prepared->model;
    auto update = read_session(prepared->session);
    if (auto* read = std::get_if<protocol::UpdateSession>(&update)) {
        wanted.update = std::move(*read);
        return wanted;
    }
    // It was read when the secret was made, be it by another version of this server.
    base::log::error("client_secret.unreadable", {{"what", std::get<protocol::Refusal>(update).error.text}});
    return refused_secret_reply(opens_nothing());
}

}  // namespace

void find_shared_secret(const Route& route, const Asker& asker, const Services& services,
                        const std::shared_ptr<base::Strand>& strand,
                        std::function<void(std::variant<std::optional<SecretBinding>, Reply>)> done) {
    const std::string_view secret = presented(kSecretPrefix, asker);
    const bool counts = route.access == RouteAccess::new_call || route.access == RouteAccess::key_or_secret;
    if (!counts || secret.empty() || services.shared_secrets == nullptr ||
        services.client_secrets->look_at(secret, base::Clock::now()))
        return done(std::nullopt);
    services.shared_secrets->look_at(std::string(secret), [strand, done = std::move(done)](base::Result<SecretBinding> found) {
        strand->post([done, found = std::move(found)] {
            if (found) return done(*found);
            if (found.error().code == base::Errc::not_found) return done(std::nullopt);
            done(refused_secret_reply(found.error()));
        });
    });
}

void prepare_call(const Asker& asker, const Target& target, const Services& services,
                  const std::shared_ptr<base::Strand>& strand, std::function<void(std::variant<CallWanted, Reply>)> done) {
    const std::string_view secret = presented(kSecretPrefix, asker);
    if (secret.empty() || services.client_secrets == nullptr) return done(CallWanted{target, std::nullopt});
    if (services.shared_secrets == nullptr)
        return done(wanted_by(target, services.client_secrets->take(secret, asker.origin, base::Clock::now())));
    services.shared_secrets->take(
        std::string(secret), std::string(asker.origin),
        [strand, target, done = std::move(done)](base::Result<PreparedCall> prepared) {
            strand->post([target, done, prepared = std::move(prepared)] { done(wanted_by(target, prepared)); });
        });
}

Reply refused_secret_reply(const base::Error& error) {
    if (error.code == base::Errc::conflict) return error_reply(403, "origin_not_allowed", error.text);
    if (error.code == base::Errc::not_found)
        return error_reply(401, "invalid_client_secret", error.text, {{"WWW-Authenticate", "Bearer"}});
    return error_reply(503, "unavailable", "whether this client secret is good cannot be found out now", {{"Retry-After", "2"}});
}

}  // namespace antiphon::edge
