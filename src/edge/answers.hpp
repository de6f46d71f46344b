// What the plain HTTP routes answer.
//
// thread-safe, as the services are.
#pragma once

#include "edge/reply.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"

#include <memory>

namespace antiphon::edge {

/// The answer to a GET of any route but realtime.
Reply answer(const Route& route, const Target& target, const Services& services);

/// What stands in the way of a new call on GET /v1/realtime: 503 while the engines are not loaded, 400 for a
/// query that asks for what is not to be had. With neither, status 200 and no body.
Reply call_obstacle(const Target& target, const Services& services);

/// Who is to answer a call on that target: by `agent=`, else by `model=`. Fails with `not_found`.
base::Result<std::shared_ptr<const call::Agent>> agent_of(const Target& target, const Services& services);

/// 404, with the names of the agents there are.
Reply no_agent_reply(const base::Error& error);

/// 404: the call is not known, is over, or the token is not its own; which of them is not said.
Reply no_call_reply();

/// 503: the engines are being loaded (Retry-After), or cannot be.
Reply not_ready_reply(const Services& services);

/// 503 with Retry-After: every place is taken.
Reply overloaded_reply(const base::Error& error);

}  // namespace antiphon::edge
