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
constexpr int kLineRate = 16000;  ///< of MediaUser::heard

protocol::Refusal refusal_of(const base::Error& error, const std::string& event_id) {
    return {error.code == base::Errc::unsupported ? "unsupported" : "invalid_value", error, event_id};
}

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

/// The user of one channel: it knows which of the client's channels it is, and keeps the session.
class RealtimeSession::Channel final : public ChannelUser {
public:
    enum class Role { main, observer };

    Channel(std::shared_ptr<RealtimeSession> of, std::shared_ptr<MessageChannel> way, Role as)
        : session(std::move(of)), channel(std::move(way)), role(as) {}

    void opened() override { session->opened(*this); }
    void received(std::string_view message) override { session->received(*this, message); }
    void received_binary(std::span<const std::uint8_t> bytes) override { session->received_binary(*this, bytes); }
    void ended(ChannelEnd end) override { session->ended(*this, end); }

    const std::shared_ptr<RealtimeSession> session;
    const std::shared_ptr<MessageChannel> channel;
    const Role role;
    std::optional<ResumeFrom> resume;  ///< of a main channel that takes the call over
    call::CallPlace place;             ///< of an observer
};

std::shared_ptr<RealtimeSession> RealtimeSession::make(std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                       const Services& services, Connections& connections,
                                                       std::shared_ptr<const call::Agent> agent, std::string model,
                                                       std::string client, WireStart wire) {
    std::shared_ptr<RealtimeSession> session(new RealtimeSession(std::move(strand), std::move(place), services,
                                                                 std::move(agent), std::move(model), std::move(client),
                                                                 wire));
    session->entry_ = connections.add(session);
    session->listed_ = services.sessions->add(session->call_id_, session);
    return session;
}

RealtimeSession::RealtimeSession(std::shared_ptr<base::Strand> strand, call::CallPlace place, const Services& services,
                                 std::shared_ptr<const call::Agent> agent, std::string model, std::string client,
                                 WireStart wire)
    : strand_(std::move(strand)), place_(std::move(place)), services_(services), agent_(std::move(agent)),
      call_id_(base::random_id("rtc_")), client_(std::move(client)), start_(agent_->session) {
    context_.dialect = wire.dialect;
    context_.plays_sound = wire.plays_sound;
    context_.conversation_id = base::random_id("conv_");
    start_.id = base::random_id("sess_");
    if (!model.empty()) start_.model = std::move(model);
    if (wire.transcription) start_.kind = call::SessionKind::transcription;
    context_.session = start_;
}

RealtimeSession::~RealtimeSession() { close_call(); }

std::optional<protocol::Refusal> RealtimeSession::configure(const protocol::UpdateSession& request) {
    const auto defaults = agent_->session.turn_detection.value_or(call::TurnDetection{});
    const auto patch = to_patch(request.session, context_, defaults);
    if (!patch) return refusal_of(patch.error(), "");
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

std::string RealtimeSession::resume_token() const {
    const std::scoped_lock lock(token_mutex_);
    return token_;
}

bool RealtimeSession::is_resume_token(std::string_view token) const {
    const std::string mine = resume_token();
    return !mine.empty() && base::equal_in_constant_time(mine, token);
}

std::shared_ptr<ChannelUser> RealtimeSession::attach(std::shared_ptr<MessageChannel> channel) {
    return std::make_shared<Channel>(shared_from_this(), std::move(channel), Channel::Role::main);
}

std::shared_ptr<ChannelUser> RealtimeSession::take_over(std::shared_ptr<MessageChannel> channel, ResumeFrom from) {
    auto user = std::make_shared<Channel>(shared_from_this(), std::move(channel), Channel::Role::main);
    user->resume = std::move(from);
    return user;
}

std::shared_ptr<ChannelUser> RealtimeSession::observe(std::shared_ptr<MessageChannel> channel, call::CallPlace place) {
    auto user = std::make_shared<Channel>(shared_from_this(), std::move(channel), Channel::Role::observer);
    user->place = std::move(place);
    return user;
}

void RealtimeSession::attach_media(std::shared_ptr<MediaLine> line, bool alone) {
    media_ = std::move(line);
    media_opens_ = alone;
    context_.plays_sound = true;
}

void RealtimeSession::heard(std::span<const float> samples) {
    if (!call_ && media_opens_ && !over_) open_call();
    if (call_) call_->hear(samples, kLineRate);
}

void RealtimeSession::line_silent(bool) {}

void RealtimeSession::line_ended() {
    media_.reset();
    if (!main_) finish("line_ended");
}

void RealtimeSession::opened(Channel& channel) {
    if (over_) return channel.channel->close(CloseCode::policy_violation, "the call is over");
    if (channel.role == Channel::Role::observer) {
        observers_.push_back(channel.channel);
        return channel.channel->next();
    }
    if (const auto older = std::exchange(main_, channel.channel))
        older->close(CloseCode::policy_violation, "taken over");
    if (!call_) open_call();
    channel.channel->next();
}

void RealtimeSession::open_call() {
    opened_at_ = strand_->now();
    base::log::info("call.opened", {{"call", start_.id},
                                    {"id", call_id_},
                                    {"client", client_},
                                    {"model", start_.model},
                                    {"agent", start_.agent}});
    call_ = call::Call::open(start_, agent_->settings, *services_.engines(), strand_, *this);
}

void RealtimeSession::received(Channel& channel, std::string_view message) {
    if (!call_) return;
    asking_ = channel.channel;
    const auto decoded = protocol::decode(message, context_.dialect);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        refuse(*refusal);
        asking_->next();
    } else {
        perform(std::get<protocol::ClientEvent>(decoded));
    }
    asking_.reset();
}

void RealtimeSession::received_binary(Channel& channel, std::span<const std::uint8_t> bytes) {
    if (!call_) return;
    asking_ = channel.channel;
    if (context_.wire.binary_audio) {
        auto samples = to_samples(bytes, context_.session.input_encoding);
        if (samples) return hear(std::exchange(asking_, nullptr), std::move(*samples), 0);
        refuse(samples.error(), "");
    } else {
        refuse({"invalid_type",
                base::error(base::Errc::invalid,
                            "events are JSON in text frames; sound in binary frames is taken after session.update has "
                            "set session.antiphon.binary_audio"),
                ""});
    }
    std::exchange(asking_, nullptr)->next();
}

void RealtimeSession::perform(const protocol::ClientEvent& event) {
    if (const auto* append = std::get_if<protocol::AppendAudio>(&event.request)) {
        auto samples = to_samples(append->audio, context_.session.input_encoding);
        if (samples) return hear(asking_, std::move(*samples), 0);
        refuse(samples.error(), event.event_id);
        return asking_->next();
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
    asking_->next();
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

void RealtimeSession::hear(std::shared_ptr<MessageChannel> from, std::vector<float> samples, std::size_t at) {
    if (!call_) return;
    const std::size_t piece = kPieceSeconds * static_cast<std::size_t>(context_.session.input_rate);
    const std::size_t length = std::min(piece, samples.size() - at);
    call_->hear(std::span(samples).subspan(at, length));
    if (at + length == samples.size()) return from->next();
    strand_->post([self = shared_from_this(), from, rest = std::move(samples), next = at + length]() mutable {
        self->hear(std::move(from), std::move(rest), next);
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
    if (media_) return media_->send(samples);
    const auto sound = audio::encode(samples, context_.session.output_encoding);
    if (!context_.wire.binary_audio) return tell(to_wire(part, sound));
    if (main_) main_->send_binary(sound);
}

void RealtimeSession::clear_audio() {
    if (media_) media_->clear();
}

void RealtimeSession::refuse(const protocol::Refusal& refusal) { tell(to_wire(refusal)); }

void RealtimeSession::refuse(const base::Error& error, const std::string& event_id) {
    refuse(refusal_of(error, event_id));
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
    const bool sound = std::holds_alternative<protocol::OutputAudioDelta>(event);
    if (!main_ && (sound || observers_.empty())) return;
    auto message = protocol::encode(event, base::random_id("event_"), context_.dialect);
    if (message.empty()) return;
    if (!sound)
        for (const auto& observer : observers_) observer->send(message);
    if (main_) main_->send(std::move(message));
}

void RealtimeSession::close_call() {
    if (const auto call = std::exchange(call_, nullptr)) call->close();
}

void RealtimeSession::ended(Channel& channel, ChannelEnd end) {
    if (channel.role == Channel::Role::observer) {
        std::erase(observers_, channel.channel);
        return channel.place.reset();
    }
    if (main_ == channel.channel) main_.reset();
    else if (opened_at_ != base::Time{}) return;  // taken over, or never came to it
    finish(name_of(end));
}

void RealtimeSession::finish(std::string_view reason) {
    if (std::exchange(over_, true)) return;
    if (opened_at_ != base::Time{})
        base::log::info("call.closed", {{"call", context_.session.id},
                                        {"reason", reason},
                                        {"milliseconds", base::whole_milliseconds(strand_->now() - opened_at_)}});
    else
        base::log::warning("call.not_opened", {{"client", client_}, {"reason", reason}});
    close_call();
    listed_.reset();
    place_.reset();
    if (const auto line = std::exchange(media_, nullptr)) line->close();
    for (const auto& observer : observers_) observer->close(CloseCode::normal, "the call is over");
    if (const auto main = std::exchange(main_, nullptr)) main->close(CloseCode::normal, "the call is over");
}

void RealtimeSession::hang_up() {
    strand_->post([self = shared_from_this()] { self->finish("hung_up"); });
}

void RealtimeSession::shut_down() {
    strand_->post([self = shared_from_this()] {
        self->close_call();
        for (const auto& observer : self->observers_)
            observer->close(CloseCode::service_restart, "the server is shutting down");
        if (self->main_) self->main_->close(CloseCode::service_restart, "the server is shutting down");
        else self->finish("shut_down");
    });
}

}  // namespace antiphon::edge
