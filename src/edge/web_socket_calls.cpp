#include "edge/web_socket_calls.hpp"

#include "base/log.hpp"
#include "edge/access_control.hpp"
#include "edge/answers.hpp"
#include "edge/channel_bridge.hpp"
#include "edge/handshake.hpp"
#include "edge/limited_user.hpp"
#include "edge/presented_secret.hpp"
#include "edge/realtime_session.hpp"
#include "edge/stored_calls.hpp"

#include <utility>
#include <variant>

namespace antiphon::edge {
namespace {

/// The session was in order when the secret was made; an agent that a reload has changed since may refuse it, and the
/// call then begins as the agent has it.
void prepare(RealtimeSession& session, const protocol::UpdateSession& update) {
    if (const auto refused = session.configure(update))
        base::log::warning("call.not_prepared", {{"because", refused->error.text}});
}

/// What the steps of one request share, some of which come later.
struct Request {
    const Services& services;
    Connections& connections;
    std::shared_ptr<base::Strand> strand;
    SocketAnswer answer;
    std::string client;  ///< the connection's other end, for the log
    std::string key;     ///< the name of the one that was shown; empty: none
    Handshake handshake;
};

/// With what limits the messages of the key's calls.
void open(const Request& request, const std::string& key, const SocketAnswer::MakeUser& make_user) {
    request.answer.open(request.handshake.subprotocol, [&](std::shared_ptr<MessageChannel> channel) {
        return limit_messages(request.services, key, channel, request.strand, make_user(channel));
    });
}

void begin(const Request& request, const CallWanted& wanted, const CallEntry& entry) {
    auto agent = agent_of(wanted.target, request.services);
    if (!agent) return request.answer.refuse(no_agent_reply(agent.error()));
    const auto model = wanted.target.query.find("model");
    open(request, request.key, [&](std::shared_ptr<MessageChannel> channel) {
        const auto session = RealtimeSession::make(request.strand, entry.place(), request.services, request.connections,
                                                   std::move(*agent), model == wanted.target.query.end() ? "" : model->second,
                                                   request.client, request.handshake.wire);
        entry.became(session->call_id());
        if (wanted.update) prepare(*session, *wanted.update);
        return session->attach(std::move(channel));
    });
}

void join(const Request& request, const JoinWish& wish, const std::shared_ptr<RealtimeSession>& session, call::CallPlace place) {
    const AccessControl* access = request.services.access;
    const std::string key = access != nullptr ? access->owner_or(session->call_id(), request.key) : "";
    open(request, key, [&](std::shared_ptr<MessageChannel> channel) {
        // The call lives on its own strand, this socket on another.
        return bridge_channel(std::move(channel), request.strand, session->strand(),
                              [session, wish, place](std::shared_ptr<MessageChannel> near) {
                                  if (wish.resume_token) return session->take_over(std::move(near), wish.from);
                                  return session->observe(std::move(near), place);
                              });
    });
}

/// The call may have been left by another process.
void join_stored(const Request& request, const JoinWish& wish) {
    const Services& services = request.services;
    const Reply obstacle = call_obstacle({}, services);
    if (obstacle.status != 200) return request.answer.refuse(obstacle);
    auto place = services.registry.enter();
    if (!place) return request.answer.refuse(overloaded_reply(place.error()));
    claim_call(wish, services, request.strand, [request, wish, place = std::move(*place)](std::variant<ReturningCall, Reply> found) {
        if (const auto* refusal = std::get_if<Reply>(&found)) return request.answer.refuse(*refusal);
        const auto session = revive_call(std::get<ReturningCall>(std::move(found)), request.services, request.strand,
                                         request.connections, place, request.client);
        join(request, wish, session, {});
    });
}

/// A further connection to a call that is under way: of its client, who comes back, or of somebody who watches.
void join(const Request& request, const Target& target) {
    const Services& services = request.services;
    const auto wish = read_join(target);
    if (!wish) return request.answer.refuse(error_reply(400, "invalid_value", wish.error().text));
    const auto session = services.sessions->find(wish->call_id);
    if (!session && wish->resume_token && services.session_store != nullptr) return join_stored(request, *wish);
    if (!session || (wish->resume_token && !session->is_resume_token(*wish->resume_token)))
        return request.answer.refuse(no_call_reply());
    call::CallPlace place;
    if (!wish->resume_token) {
        auto admitted = session->admit_observer();
        if (!admitted)
            return request.answer.refuse(overloaded_reply(base::error(
                base::Errc::overloaded, "this call is watched by as many connections as it may be")));
        place = std::move(*admitted);
    }
    join(request, *wish, session, std::move(place));
}

}  // namespace

void begin_socket_call(const SocketOffer& offer, const Services& services, Connections& connections,
                       const std::shared_ptr<base::Strand>& strand, SocketAnswer answer) {
    const Request request{services, connections, strand, std::move(answer), offer.caller.name, offer.by.key,
                          read_handshake(offer.asker.subprotocols, offer.beta, offer.target)};
    const WireStart& wire = request.handshake.wire;
    if (wire.transcription && wire.dialect == protocol::Dialect::beta)
        return request.answer.refuse(
            error_reply(400, "unsupported", "transcription sessions are not to be had in the beta dialect"));
    if (offer.target.query.contains("call_id")) return join(request, offer.target);
    const Reply obstacle = call_obstacle(offer.target, services);
    if (obstacle.status != 200) return request.answer.refuse(obstacle);
    const auto entered = enter_call(offer.by, offer.caller.address, services);
    if (const auto* refusal = std::get_if<Reply>(&entered)) return request.answer.refuse(*refusal);
    // Used up from here on, so it is asked for when nothing else can refuse the call but itself.
    prepare_call(offer.asker, offer.target, services, strand,
                 [request, entry = std::get<CallEntry>(entered)](const std::variant<CallWanted, Reply>& prepared) {
                     if (const auto* refusal = std::get_if<Reply>(&prepared)) return request.answer.refuse(*refusal);
                     begin(request, std::get<CallWanted>(prepared), entry);
                 });
}

}  // namespace antiphon::edge
