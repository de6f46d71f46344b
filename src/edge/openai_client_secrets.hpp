// POST /v1/realtime/client_secrets: a secret for one call, made for a session.
//
// thread-safe, as the services are.
#pragma once

#include "edge/openai_endpoints.hpp"
#include "protocol/client_event.hpp"
#include "protocol/decode.hpp"

#include <memory>
#include <string>
#include <variant>

namespace antiphon::edge {

/// Reads {"expires_after":{"anchor":"created_at","seconds"},"session","antiphon":{"origin"}}, all optional, and answers
/// {"value","expires_at","session"}: the session whole, as the call will find it. The secret is for pages of that origin
/// alone; without one, for those of the page that asks, if a page does. 400 for a session that session.update would
/// refuse, 404 for an agent that is not there, 503 when too many secrets are open.
void make_client_secret(const WorkRequest& request, const Services& services, std::shared_ptr<Responder> responder);

/// The session of a secret, a JSON object as text, as session.update takes it. pure.
std::variant<protocol::UpdateSession, protocol::Refusal> read_session(const std::string& session);

}  // namespace antiphon::edge
