#include "edge/realtime_session.hpp"

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
                                                       std::string model, std::string client) {
    std::shared_ptr<RealtimeSession> session(new RealtimeSession(
        std::move(channel), std::move(strand), std::move(place), services, std::move(model), std::move(client)));
    session->entry_ = connections.add(session);
    return session;
}

RealtimeSession::RealtimeSession(std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                 call::CallPlace place, const Services& services, std::string model, std::string client)
    : channel_(std::move(channel)), strand_(std::move(strand)), place_(std::move(place)), services_(services),
      model_(std::move(model)), client_(std::move(client)) {}

RealtimeSession::~RealtimeSession() { close_call(); }

void RealtimeSession::opened() {
    opened_at_ = strand_->now();
    call::Session session = services_.default_session;
    session.id = base::random_id("sess_");
    if (!model_.empty()) session.model = model_;
    context_.session = session;
    base::log::info("call.opened", {{"call", session.id}, {"client", client_}, {"model", session.model}});
    call_ = call::Call::open(std::move(session), services_.call_settings, *services_.engines(), strand_, *this);
    next();
}

void RealtimeSession::received(std::string_view message) {
    if (!call_) return;
    const auto decoded = protocol::decode(message);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        refuse(*refusal);
        return next();
    }
    perform(std::get<protocol::ClientEvent>(decoded));
}

void RealtimeSession::received_binary(std::span<const std::uint8_t>) {
    refuse({"invalid_type", base::error(base::Errc::invalid, "events are JSON in text frames; this frame was binary"), ""});
    next();
}

void RealtimeSession::perform(const protocol::ClientEvent& event) {
    if (const auto* append = std::get_if<protocol::AppendAudio>(&event.request)) {
        auto samples = to_samples(append->audio);
        if (samples) return hear(std::move(*samples), 0);
        refuse({"invalid_value", samples.error(), event.event_id});
        return next();
    }
    const std::string& id = event.event_id;
    context_.request = &event.request;
    std::visit(Overloaded{
                   [&](const protocol::UpdateSession& r) {
                       const auto defaults = services_.default_session.turn_detection.value_or(call::TurnDetection{});
                       call_->update_session(to_patch(r.session, call_->session(), defaults), id);
                   },
                   [](const protocol::AppendAudio&) {},
                   [&](const protocol::CommitAudio&) { call_->commit_audio(id); },
                   [&](const protocol::ClearAudio&) { call_->clear_audio(); },
                   [&](const protocol::CreateItem& r) { call_->create_item(to_item(r.item), r.previous_item_id, id); },
                   [&](const protocol::RetrieveItem& r) { call_->retrieve_item(r.item_id, id); },
                   [&](const protocol::TruncateItem& r) { call_->truncate_item(r.item_id, r.audio_end_ms, id); },
                   [&](const protocol::DeleteItem& r) { call_->delete_item(r.item_id, id); },
                   [&](const protocol::CreateResponse& r) { call_->create_response(to_request(r, id)); },
                   [&](const protocol::CancelResponse& r) { call_->cancel_response(r.response_id, id); },
                   [&](const protocol::ClearOutputAudio&) {
                       refuse({"unsupported",
                               base::error(base::Errc::unsupported,
                                           "output_audio_buffer.clear is for WebRTC; over a WebSocket the sound that "
                                           "was sent is already with the client",
                                           "type"),
                               id});
                   },
               },
               event.request);
    context_.request = nullptr;
    next();
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
    if (const auto* updated = std::get_if<call::SessionUpdated>(&event)) context_.session = updated->session;
    for (const auto& wire_event : to_wire(event, context_)) tell(wire_event);
}

void RealtimeSession::send_audio(const call::ResponsePart& part, std::span<const float> samples) {
    tell(to_wire(part, samples));
}

void RealtimeSession::refuse(const protocol::Refusal& refusal) { tell(to_wire(refusal)); }

void RealtimeSession::tell(const protocol::ServerEvent& event) {
    if (channel_) channel_->send(protocol::encode(event, base::random_id("event_")));
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
                                        {"seconds", base::seconds(strand_->now() - opened_at_)}});
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
