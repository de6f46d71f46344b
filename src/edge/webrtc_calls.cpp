#include "edge/webrtc_calls.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "edge/access_control.hpp"
#include "edge/answers.hpp"
#include "edge/limited_user.hpp"
#include "edge/multipart.hpp"
#include "edge/presented_secret.hpp"
#include "edge/realtime_session.hpp"
#include "edge/stored_calls.hpp"
#include "edge/webrtc_channel.hpp"
#include "edge/webrtc_peer.hpp"
#include "protocol/decode.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace antiphon::edge {
namespace {

constexpr std::string_view kSdp = "application/sdp";
constexpr std::string_view kForm = "multipart/form-data";
constexpr std::string_view kCalls = "/v1/realtime/calls/";

struct Wanted {
    SdpOffer offer;
    std::optional<protocol::UpdateSession> session;
};

std::string media_type(std::string_view content_type) {
    std::string type(base::trimmed(content_type.substr(0, content_type.find(';'))));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return type;
}

Reply refusal_reply(const protocol::Refusal& refusal) {
    return error_reply(400, refusal.code, refusal.error.text, {}, refusal.error.param);
}

std::variant<Wanted, Reply> read_request(const CallOffer& call) {
    const std::string type = media_type(call.content_type);
    std::string_view sdp = call.body;
    std::optional<std::string_view> session;
    if (type == kForm) {
        const auto parts = parse_multipart(call.content_type, call.body);
        if (!parts) return failure_reply(parts.error());
        const auto named = [&](std::string_view name) {
            return std::find_if(parts->begin(), parts->end(), [&](const Part& part) { return part.name == name; });
        };
        if (named("sdp") == parts->end())
            return error_reply(400, "missing_field", "the form has no field 'sdp'", {}, "sdp");
        sdp = named("sdp")->content;
        if (const auto part = named("session"); part != parts->end()) session = part->content;
    } else if (type != kSdp) {
        return error_reply(415, "unsupported_media_type",
                           "the body must be an SDP offer (application/sdp), or a form (multipart/form-data) with "
                           "'sdp' and 'session'");
    }
    if (sdp.size() > kMaxOffer)
        return error_reply(413, "offer_too_large", "the offer is larger than " + std::to_string(kMaxOffer) + " bytes",
                           {}, "sdp");
    auto offer = read_offer(sdp);
    if (!offer)
        return error_reply(400, offer.error().code == base::Errc::unsupported ? "unsupported" : "invalid_offer",
                           offer.error().text, {}, "sdp");
    Wanted wanted{std::move(*offer), std::nullopt};
    if (!session) return wanted;
    // Read as the event that it stands for.
    auto decoded = protocol::decode(R"({"type":"session.update","session":)" + std::string(*session) + "}");
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) return refusal_reply(*refusal);
    if (auto* update = std::get_if<protocol::UpdateSession>(&std::get<protocol::ClientEvent>(decoded).request))
        wanted.session = std::move(*update);
    else
        return error_reply(400, "invalid_type", "'session' must be one JSON object", {}, "session");
    return wanted;
}

/// The model that the session names counts like ?model=, which it stands for in a form.
Target with_model(Target target, const Wanted& wanted) {
    if (wanted.session && wanted.session->session.model) target.query.emplace("model", *wanted.session->session.model);
    return target;
}

/// Gets the peer going and tells its client; on the session's strand.
void open_peer(const std::shared_ptr<RealtimeSession>& session, const std::shared_ptr<WebRtcPeer>& peer, bool new_call,
               const std::shared_ptr<Responder>& responder) {
    peer->open([session, peer, new_call, responder](base::Result<std::string> answer) {
        if (!answer) return responder->reply(failure_reply(answer.error()));
        if (responder->gone().stop_requested()) new_call ? session->hang_up() : peer->close();
        const std::string& id = session->call_id();
        Reply created{201, std::string(kSdp), std::move(*answer), {{"Location", std::string(kCalls) + id}}};
        // Here, as a client to whom no packet gets through learns it in no other way.
        if (const std::string token = session->resume_token(); !token.empty())
            created.headers.emplace_back("Antiphon-Resume-Token", token);
        responder->reply(std::move(created));
    });
}

/// `by`: the key that was shown. It counts where it is not known which key began the call.
std::shared_ptr<ChannelUser> limited(const std::shared_ptr<WebRtcChannel>& channel,
                                     const std::shared_ptr<RealtimeSession>& session, const Services& services,
                                     const Admitted& by, std::shared_ptr<ChannelUser> user) {
    const std::string key = services.access != nullptr ? services.access->owner_or(session->call_id(), by.key) : "";
    return limit_messages(services, key, channel, session->strand(), std::move(user));
}

/// The call goes on over the offered connection when its channel opens.
void take_over_call(const std::shared_ptr<RealtimeSession>& session, SdpOffer offer, const JoinWish& wish,
                    const Admitted& by, const Services& services, std::size_t max_queued,
                    std::shared_ptr<Responder> responder) {
    auto made = WebRtcPeer::make(*services.webrtc, session->strand(), std::move(offer), max_queued);
    if (!made) return responder->reply(failure_reply(made.error()));
    session->strand()->post([session, peer = std::move(*made), from = wish.from, by, &services,
                             responder = std::move(responder)] {
        peer->channel()->use(
            limited(peer->channel(), session, services, by, session->take_over(peer->channel(), from, peer->line())));
        peer->line()->use(session->user_of(*peer->line()));
        open_peer(session, peer, false, responder);
    });
}

/// The call may have been left by another process.
void resume_stored_call(SdpOffer offer, const JoinWish& wish, const Admitted& by, const CallGrounds& grounds,
                        const std::string& client, std::shared_ptr<Responder> responder) {
    const Services& services = grounds.services;
    if (Reply obstacle = call_obstacle({}, services); obstacle.status != 200) return responder->reply(std::move(obstacle));
    auto place = services.registry.enter();
    if (!place) return responder->reply(overloaded_reply(place.error()));
    claim_call(wish, services, grounds.strand,
               [offer = std::move(offer), wish, by, &services, &connections = grounds.connections, strand = grounds.strand,
                max_queued = grounds.max_queued, client, place = std::move(*place),
                responder = std::move(responder)](std::variant<ReturningCall, Reply> found) {
                   if (const auto* refusal = std::get_if<Reply>(&found)) return responder->reply(*refusal);
                   const auto session = revive_call(std::get<ReturningCall>(std::move(found)), services, strand, connections,
                                                    place, client);
                   take_over_call(session, offer, wish, by, services, max_queued, responder);
               });
}

/// A client comes back with a new offer.
void resume_call(const Target& target, Wanted wanted, const Admitted& by, const CallGrounds& grounds,
                 const std::string& client, std::shared_ptr<Responder> responder) {
    const auto wish = read_join(target);
    if (!wish) return responder->reply(failure_reply(wish.error()));
    if (!wish->resume_token)
        return responder->reply(error_reply(400, "missing_required_parameter",
                                            "over WebRTC a call can be taken over, with resume=TOKEN; to watch one, use "
                                            "the WebSocket",
                                            {}, "resume"));
    if (wanted.session)
        return responder->reply(error_reply(400, "invalid_value",
                                            "a call that goes on has its session: change it with session.update", {},
                                            "session"));
    if (!wanted.offer.data_mid)
        return responder->reply(error_reply(400, "invalid_offer",
                                            "the offer needs a data channel: what was missed is told there", {}, "sdp"));
    const auto session = grounds.services.sessions->find(wish->call_id);
    if (!session && grounds.services.session_store != nullptr)
        return resume_stored_call(std::move(wanted.offer), *wish, by, grounds, client, std::move(responder));
    if (!session || !session->is_resume_token(*wish->resume_token)) return responder->reply(no_call_reply());
    take_over_call(session, std::move(wanted.offer), *wish, by, grounds.services, grounds.max_queued, std::move(responder));
}

/// A new call, whose place and client secret are taken.
void begin_prepared(const CallWanted& prepared, Wanted wanted, const CallEntry& entry, const Admitted& by,
                    const std::string& client, const CallGrounds& grounds, const std::shared_ptr<Responder>& responder) {
    const Services& services = grounds.services;
    auto agent = agent_of(prepared.target, services);
    if (!agent) return responder->reply(no_agent_reply(agent.error()));
    const auto& strand = grounds.strand;
    WireStart wire;
    wire.dialect = protocol::Dialect::ga;
    wire.plays_sound = true;
    const auto model = prepared.target.query.find("model");
    const auto session = RealtimeSession::make(strand, entry.place(), services, grounds.connections, std::move(*agent),
                                               model == prepared.target.query.end() ? "" : model->second, client, wire);
    entry.became(session->call_id());
    // What comes with the offer counts on top of what the secret was made for.
    for (const auto& update : {prepared.update, wanted.session}) {
        if (!update) continue;
        if (const auto refused = session->configure(*update)) return responder->reply(refusal_reply(*refused));
    }
    auto peer = WebRtcPeer::make(*services.webrtc, strand, std::move(wanted.offer), grounds.max_queued);
    if (!peer) return responder->reply(failure_reply(peer.error()));

    strand->post([session, peer = std::move(*peer), by, &services, responder] {
        if (const auto& channel = peer->channel())
            channel->use(limited(channel, session, services, by, session->attach(channel)));
        peer->line()->use(session->user_of(*peer->line()));
        session->attach_media(peer->line(), !peer->channel());
        open_peer(session, peer, true, responder);
    });
}

}  // namespace

void begin_call(CallOffer call, const CallGrounds& grounds, std::shared_ptr<Responder> responder) {
    const Services& services = grounds.services;
    if (services.webrtc == nullptr)
        return responder->reply(
            error_reply(503, "unavailable", "calls over WebRTC are off here (webrtc.enabled); use the WebSocket"));
    auto read = read_request(call);
    if (const auto* refused = std::get_if<Reply>(&read)) return responder->reply(*refused);
    auto& wanted = std::get<Wanted>(read);
    if (call.target.query.contains("call_id"))
        return resume_call(call.target, std::move(wanted), call.by, grounds, call.caller.name, std::move(responder));
    const Target asked = with_model(std::move(call.target), wanted);
    if (Reply obstacle = call_obstacle(asked, services); obstacle.status != 200)
        return responder->reply(std::move(obstacle));
    auto entered = enter_call(call.by, call.caller.address, services);
    if (auto* refusal = std::get_if<Reply>(&entered)) return responder->reply(std::move(*refusal));
    // Used up from here on, so it is asked for late.
    prepare_call({call.authorization, {}, call.origin}, asked, services, grounds.strand,
                 [grounds, entry = std::get<CallEntry>(entered), by = call.by, client = call.caller.name,
                  offered = std::move(wanted), responder](const std::variant<CallWanted, Reply>& prepared) {
                     if (const auto* refusal = std::get_if<Reply>(&prepared)) return responder->reply(*refusal);
                     begin_prepared(std::get<CallWanted>(prepared), offered, entry, by, client, grounds, responder);
                 });
}

Reply hang_up_call(const std::string& call_id, const Services& services) {
    const auto session = services.sessions->find(call_id);
    if (!session) return error_reply(404, "call_not_found", "there is no call of that id, or no longer");
    session->hang_up();
    return {200, "", ""};
}

}  // namespace antiphon::edge
