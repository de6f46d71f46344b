// POST /v1/realtime/calls: an offer comes, a call begins, an answer goes.
//
// thread-safe, as the services are. The session begins when the client's data channel opens, or with the first sound of
// a client that offered none; a client that gets to neither within WebRtcSettings::connect_timeout loses its place.
#pragma once

#include "base/strand.hpp"
#include "edge/admission.hpp"
#include "edge/connections.hpp"
#include "edge/reply.hpp"
#include "edge/request_head.hpp"
#include "edge/responder.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace antiphon::edge {

struct CallOffer {
    Target target;  ///< with ?model= and ?agent=, as for the WebSocket
    std::string content_type;
    std::string body;           ///< SDP, or a form of `sdp` and `session`
    std::string authorization;  ///< the header; a client secret in it is used up
    std::string origin;         ///< the header
    Admitted by;
    Caller caller;
};

struct CallGrounds {
    const Services& services;  ///< outlives the call
    Connections& connections;  ///< likewise
    std::shared_ptr<base::Strand> strand;  ///< the connection's, which the call lives on as one over a WebSocket does
    std::size_t max_queued;  ///< bytes waiting for a client that does not read
};

/// 201 with the answer, the call's Location and, when the session is resumable, its token (Antiphon-Resume-Token);
/// 400 for an offer or a session that is wrong, 401 for a client secret that opens nothing, 429 for a
/// caller who has or begins too many calls, 413 for an offer over
/// kMaxOffer, 415 for what is neither SDP nor a form, 404 for an agent that there is not, 503 while the engines are
/// loaded, when every place is taken, and where WebRTC is off.
/// With ?call_id= and ?resume= the offer takes that call over, as a WebSocket does (docs/protocol.md, "Coming back"),
/// once its channel opens, from the session store, too: 404 for a call that is not there or a wrong token, 503 while the
/// store cannot be asked, 400 if it brings a session or no channel.
/// Until then, and if it never opens, the call stays as it is.
void begin_call(CallOffer offer, const CallGrounds& grounds, std::shared_ptr<Responder> responder);

/// Of DELETE /v1/realtime/calls/{id} and POST .../hangup: 200 and the call ends, or 404.
Reply hang_up_call(const std::string& call_id, const Services& services);

}  // namespace antiphon::edge
