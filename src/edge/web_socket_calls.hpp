// GET /v1/realtime with an upgrade: a call begins over a WebSocket, or one that is under way gets a further connection.
//
// On the strand of the connection, which a new call then lives on.
#pragma once

#include "edge/admission.hpp"
#include "edge/connections.hpp"
#include "edge/credentials.hpp"
#include "edge/message_channel.hpp"
#include "edge/reply.hpp"
#include "edge/request_head.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"

#include "base/strand.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace antiphon::edge {

/// A request to upgrade that is a proper one, of a page that may ask. The views are good until it is answered.
struct SocketOffer {
    Target target;
    Asker asker;
    std::string_view beta;  ///< the header OpenAI-Beta
    Admitted by;
    Caller caller;
};

/// How it is answered: by one of both, once, perhaps later.
struct SocketAnswer {
    using MakeUser = std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)>;
    std::function<void(const Reply&)> refuse;
    std::function<void(const std::string& subprotocol, const MakeUser&)> open;
};

/// Refuses with 400 what the query or the dialect cannot have, 401 a client secret that opens nothing, 429 a caller who
/// has or begins too many calls, 404 an agent or a call that is not there, 503 while the engines are loaded or every
/// place is taken. With ?call_id= it is a further connection, of the call's client with ?resume= (from the session store,
/// too: 503 while that cannot be asked), else of somebody who watches. `services` and `connections` outlive the call.
void begin_socket_call(const SocketOffer& offer, const Services& services, Connections& connections,
                       const std::shared_ptr<base::Strand>& strand, SocketAnswer answer);

}  // namespace antiphon::edge
