// POST /v1/realtime/client_secrets: a secret for one call, made for a session.
//
// thread-safe, as the services are.
#pragma once

#include "edge/credentials.hpp"
#include "edge/openai_endpoints.hpp"
#include "protocol/client_event.hpp"

#include <optional>
#include <string_view>

namespace antiphon::edge {

/// Reads {"expires_after":{"anchor":"created_at","seconds"},"session","antiphon":{"origin"}}, all optional, and answers
/// {"value","expires_at","session"}: the session whole, as the call will find it. The secret is for pages of that origin
/// alone; without one, for those of the page that asks, if a page does. 400 for a session that session.update would
/// refuse, 404 for an agent that is not there, 503 when too many secrets are open.
Reply client_secret_reply(const WorkRequest& request, const Services& services);

/// What a request for a call asks for once its client secret is counted in.
struct CallWanted {
    Target target;                                  ///< with the secret's agent and model in place of the request's own
    std::optional<protocol::UpdateSession> update;  ///< for the session before it begins; none without a secret
};

/// Takes the secret that the request's headers present, if they do: it is used up then. Without one, the target as it
/// is. Fails as ClientSecrets::take() does.
base::Result<CallWanted> prepared_call(const Asker& asker, const Target& target, const Services& services);

/// 401 for a secret that opens nothing, 403 for one of another origin.
Reply refused_secret_reply(const base::Error& error);

}  // namespace antiphon::edge
