// The client secret that a request for a call presents: whose it is, and what the call gets by it.
//
// On the strand of the connection, as is `done`, which is called at once where no other process has to be asked, and
// may never be when the server ends.
#pragma once

#include "base/strand.hpp"
#include "edge/credentials.hpp"
#include "edge/reply.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"
#include "protocol/client_event.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace antiphon::edge {

/// What a request for a call asks for once its client secret is counted in.
struct CallWanted {
    Target target;                                  ///< with the secret's agent and model in place of the request's own
    std::optional<protocol::UpdateSession> update;  ///< for the session before it begins; none without a secret
};

/// Asker::shared of the request: none where it presents no secret, the route takes none, or this process knows it, and
/// where nobody does. 503 with Retry-After while Redis cannot say.
void find_shared_secret(const Route& route, const Asker& asker, const Services& services,
                        const std::shared_ptr<base::Strand>& strand,
                        std::function<void(std::variant<std::optional<SecretBinding>, Reply>)> done);

/// Takes the secret that the request presents, if it does: it is used up then. Without one, the target as it is. 401 for
/// a secret that opens nothing, 403 for one of another origin, 503 as above.
void prepare_call(const Asker& asker, const Target& target, const Services& services,
                  const std::shared_ptr<base::Strand>& strand, std::function<void(std::variant<CallWanted, Reply>)> done);

/// 401 for a secret that opens nothing, 403 for one of another origin, 503 for one of which Redis cannot say.
Reply refused_secret_reply(const base::Error& error);

}  // namespace antiphon::edge
