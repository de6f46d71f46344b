// What a client asks for of calls that this process does not have: to go on with one that another process has left in
// the session store, and to have one erased.
//
// thread-safe, as the services are. `done` is called once, on the strand, and may never be when the server ends.
#pragma once

#include "base/strand.hpp"
#include "edge/connections.hpp"
#include "edge/handshake.hpp"
#include "edge/realtime_session.hpp"
#include "edge/reply.hpp"
#include "edge/services.hpp"

#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace antiphon::edge {

/// The call, which belongs to this process from now on; else 404 as for any call that there is not, or 503 with
/// Retry-After while the store cannot be asked. The wish has a token.
using Returned = std::function<void(std::variant<ReturningCall, Reply>)>;
void claim_call(const JoinWish& wish, const Services& services, std::shared_ptr<base::Strand> strand, Returned done);

/// The claimed call, alive on the strand; or the session of that call that somebody else has brought here meanwhile, whose
/// strand is its own. It is the key's that began it there (AccessControl::owner). On the strand.
std::shared_ptr<RealtimeSession> revive_call(ReturningCall call, const Services& services,
                                             const std::shared_ptr<base::Strand>& strand, Connections& connections,
                                             call::CallPlace place, std::string client);

/// 200 when there was something to erase, else 404, or 503 as above.
void erase_call(const std::string& call_id, const Services& services, std::shared_ptr<base::Strand> strand,
                std::function<void(Reply)> done);

}  // namespace antiphon::edge
