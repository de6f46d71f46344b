#include "edge/realtime_session.hpp"

#include "audio/g711.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::size_t kPieceSeconds = 2;

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

std::shared_ptr<RealtimeSession> RealtimeSession::make(std::shared_ptr<MessageChannel> channel,
                                                       std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                       const Services& services, Connections& connections,
                                                       std::shared_ptr<const call::Agent> agent, std::string model,
                                                       std::string client, WireStart wire) {
    std::shared_ptr<RealtimeSession> session(
        new RealtimeSession(std::move(channel), std::move(strand), std::move(place), services, std::move(agent),
                            std::move(model), std::move(client), wire));
    session->entry_ = connections.add(session);
    return session;
}

RealtimeSession::RealtimeSession(std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                 call::CallPlace place, const Services& services,
                                 std::shared_ptr<const call::Agent> agent, std::string model, std::string client,
                                 WireStart wire)
    : channel_(std::move(channel)), strand_(std::move(strand)), place_(std::move(place)), services_(services),
      agent_(std::move(agent)), client_(std::move(client)), start_(agent_->session) {
    context_.dialect = wire.dialect;
    context_.plays_sound = wire.plays_sound;
    context_.conversation_id = base::random_id("conv_");
    start_.id = base::random_id("sess_");
    if (!model.empty()) start_.model = std::move(model);
    if (wire.transcription) start_.kind = call::SessionKind::transcription;
    context_.session = start_;
}

std::optional<protocol::Refusal> RealtimeSession::configure(const protocol::UpdateSession& request) {
    const auto defaults = agent_->session.turn_detection.value_or(call::TurnDetection{});
    const auto patch = to_patch(request.session, context_, defaults);
    if (!patch)
        return protocol::Refusal{patch.error().code == base::Errc::unsupported ? "unsupported" : "invalid_value", patch.error(), ""};
    if (const auto allowed = agent_->check_tools(patch->tools); !allowed) {
        base::Error failure = allowed.error();
        failure.param.insert(0, "session.");
        return protocol::Refusal{"unsupported", std::move(failure), ""};
    }
    context_.dialect = request.dialect;
    call::apply(*patch, start_);
    apply(request.session, context_.wire);
    context_.session = start_;
    return std::nullopt;
}

RealtimeSession::~RealtimeSession() { close_call(); }

void RealtimeSession::opened() {
    opened_at_ = strand_->now();
    base::log::info("call.opened", {{"call", start_.id}, {"client", client_}, {"model", start_.model}, {"agent", start_.agent}});
    call_ = call::Call::open(start_, agent_->settings, *services_.engines(), strand_, *this);
    next();
}

void RealtimeSession::received(std::string_view message) {
    if (!call_) return;
    const auto decoded = protocol::decode(message, context_.dialect);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        refuse(*refusal);
        return next();
    }
    perform(std::get<protocol::ClientEvent>(decoded));
}

void RealtimeSession::received_binary(std::span<const std::uint8_t> bytes) {
    if (!call_) return;
    if (!context_.wire.binary_audio) {
        refuse({"invalid_type",
                base::error(base::Errc::invalid,
                            "events are JSON in text frames; sound in binary frames is taken after session.update has "
                            "set session.antiphon.binary_audio"),
                ""});
        return next();
    }
    auto samples = to_samples(bytes, context_.session.input_encoding);
    if (samples) return hear(std::move(*samples), 0);
    refuse(samples.error(), "");
    next();
}

void RealtimeSession::perform(const protocol::ClientEvent& event) {
    if (const auto* append = std::get_if<protocol::AppendAudio>(&event.request)) {
        auto samples = to_samples(append->audio, context_.session.input_encoding);
        if (samples) return hear(std::move(*samples), 0);
        refuse(samples.error(), event.event_id);
        return next();
    }
    const std::string& id = event.event_id;
    context_.request = &event.request;
    std::visit(Overloaded{
                   [&](const protocol::UpdateSession& r) { perform(r, id); },
                   [](const protocol::AppendAudio&) {},
                   [&](const protocol::CommitAudio&) { call_->commit_audio(id); },
                   [&](const protocol::ClearAudio&) { call_->clear_audio(); },
                   [&](const protocol::CreateItem& r) { perform(r, id); },
                   [&](const protocol::RetrieveItem& r) { call_->retrieve_item(r.item_id, id); },
                   [&](const protocol::TruncateItem& r) { call_->truncate_item(r.item_id, r.audio_end_ms, id); },
                   [&](const protocol::DeleteItem& r) { call_->delete_item(r.item_id, id); },
                   [&](const protocol::CreateResponse& r) { perform(r, id); },
                   [&](const protocol::CancelResponse& r) { call_->cancel_response(r.response_id, id); },
                   [&](const protocol::ClearOutputAudio&) { clear_output(id); },
               },
               event.request);
    context_.request = nullptr;
    next();
}

void RealtimeSession::perform(const protocol::UpdateSession& request, const std::string& event_id) {
    // The first session tells which dialect an open connection speaks; all that follows is said in it.
    if (context_.dialect == protocol::Dialect::open) context_.dialect = request.dialect;
    const auto defaults = agent_->session.turn_detection.value_or(call::TurnDetection{});
    const auto patch = to_patch(request.session, context_, defaults);
    if (!patch) return refuse(patch.error(), event_id);
    if (refuse_tools(patch->tools, "session.", event_id)) return;
    changed_ = context_.wire;
    apply(request.session, *changed_);
    call_->update_session(*patch, event_id);
    changed_.reset();
}

void RealtimeSession::perform(const protocol::CreateItem& request, const std::string& event_id) {
    auto item = to_item(request.item, context_.session.input_encoding, "item");
    if (!item) return refuse(item.error(), event_id);
    call_->create_item(std::move(*item), request.previous_item_id, event_id);
}

void RealtimeSession::perform(const protocol::CreateResponse& request, const std::string& event_id) {
    auto wanted = to_request(request, context_, event_id);
    if (!wanted) return refuse(wanted.error(), event_id);
    if (refuse_tools(wanted->tools, "response.", event_id)) return;
    call_->create_response(std::move(*wanted));
}

void RealtimeSession::clear_output(const std::string& event_id) {
    if (context_.plays_sound) return call_->clear_output(event_id);
    refuse(base::error(base::Errc::unsupported,
                       "output_audio_buffer.clear is for WebRTC; over a WebSocket the sound that was sent is already "
                       "with the client",
                       "type"),
           event_id);
}

void RealtimeSession::hear(std::vector<float> samples, std::size_t from) {
    if (!call_) return;
    const std::size_t piece = kPieceSeconds * static_cast<std::size_t>(context_.session.input_rate);
    const std::size_t length = std::min(piece, samples.size() - from);
    call_->hear(std::span(samples).subspan(from, length));
    if (from + length == samples.size()) return next();
    strand_->post([self = shared_from_this(), rest = std::move(samples), at = from + length]() mutable {
        self->hear(std::move(rest), at);
    });
}

void RealtimeSession::send(const call::CallEvent& event) {
    if (const auto* created = std::get_if<call::SessionCreated>(&event)) context_.session = created->session;
    if (const auto* updated = std::get_if<call::SessionUpdated>(&event)) {
        context_.session = updated->session;
        if (changed_) context_.wire = *changed_;
    }
    for (const auto& wire_event : to_wire(event, context_)) tell(wire_event);
}

void RealtimeSession::send_audio(const call::ResponsePart& part, std::span<const float> samples) {
    const auto sound = audio::encode(samples, context_.session.output_encoding);
    if (!context_.wire.binary_audio) return tell(to_wire(part, sound));
    if (channel_) channel_->send_binary(sound);
}

void RealtimeSession::refuse(const protocol::Refusal& refusal) { tell(to_wire(refusal)); }

void RealtimeSession::refuse(const base::Error& error, const std::string& event_id) {
    refuse({error.code == base::Errc::unsupported ? "unsupported" : "invalid_value", error, event_id});
}

bool RealtimeSession::refuse_tools(const std::optional<std::vector<engine::Tool>>& offered, std::string_view where,
                                   const std::string& event_id) {
    const auto allowed = agent_->check_tools(offered);
    if (allowed) return false;
    base::Error failure = allowed.error();
    failure.param.insert(0, where);
    refuse({"unsupported", std::move(failure), event_id});
    return true;
}

void RealtimeSession::tell(const protocol::ServerEvent& event) {
    if (!channel_) return;
    auto message = protocol::encode(event, base::random_id("event_"), context_.dialect);
    if (!message.empty()) channel_->send(std::move(message));
}

void RealtimeSession::next() {
    if (channel_) channel_->next();
}

void RealtimeSession::close_call() {
    if (const auto call = std::exchange(call_, nullptr)) call->close();
}

void RealtimeSession::ended(ChannelEnd end) {
    if (opened_at_ != base::Time{})
        base::log::info("call.closed", {{"call", context_.session.id},
                                        {"reason", name_of(end)},
                                        {"milliseconds", base::whole_milliseconds(strand_->now() - opened_at_)}});
    else
        base::log::warning("call.not_opened", {{"client", client_}, {"reason", name_of(end)}});
    close_call();
    place_.reset();
    channel_.reset();
}

void RealtimeSession::shut_down() {
    strand_->post([self = shared_from_this()] {
        self->close_call();
        if (self->channel_) self->channel_->close(CloseCode::service_restart, "the server is shutting down");
    });
}

}  // namespace antiphon::edge
