// The call's life: channels and lines come and go, a client that vanishes is waited for, and one that comes back is
// told what it has missed.

#include "edge/realtime_session.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "edge/access_control.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr int kLineRate = 16000;  ///< of MediaUser::heard
/// For a connection to come about after an offer was answered.
constexpr base::milliseconds kConnectWithin{30'000};
/// For a line that has been silent for MediaLine::kSilentFor, of a call that is not resumable: 15 s in all.
constexpr base::milliseconds kSilentLinePatience{12'000};
constexpr base::milliseconds kTick{1'000};
/// For the session store to take what a call leaves, before its client is sent away.
constexpr base::milliseconds kLeaveWithin{2'000};

/// Whether the client may come back after such an end of its channel.
bool lost(ChannelEnd end) {
    return end == ChannelEnd::vanished || end == ChannelEnd::timed_out || end == ChannelEnd::too_slow;
}

}  // namespace

/// The user of one channel: it knows which of the client's channels it is, and keeps the session.
class RealtimeSession::Channel final : public ChannelUser {
public:
    enum class Role { main, observer };

    Channel(std::shared_ptr<RealtimeSession> of, std::shared_ptr<MessageChannel> way, Role as)
        : session(std::move(of)), channel(std::move(way)), role(as) {}

    void opened() override { session->opened(*this); }
    void received(std::string_view message) override { session->received(channel, message); }
    void received_binary(std::span<const std::uint8_t> bytes) override { session->received_binary(channel, bytes); }
    void ended(ChannelEnd end) override { session->ended(*this, end); }

    const std::shared_ptr<RealtimeSession> session;
    const std::shared_ptr<MessageChannel> channel;
    const Role role;
    std::optional<ResumeFrom> resume;  ///< of a main channel that takes the call over
    std::shared_ptr<MediaLine> line;   ///< that comes with it
    call::CallPlace place;             ///< of an observer
};

std::shared_ptr<RealtimeSession> RealtimeSession::make(std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                       const Services& services, Connections& connections,
                                                       std::shared_ptr<const call::Agent> agent, std::string model,
                                                       std::string client, WireStart wire) {
    std::shared_ptr<RealtimeSession> session(new RealtimeSession(std::move(strand), std::move(place), services,
                                                                 std::move(agent), std::move(model), std::move(client),
                                                                 wire, base::random_id("rtc_")));
    session->count();
    session->entry_ = connections.add(session);
    session->listed_ = services.sessions->add(session->call_id_, session);
    return session;
}

std::shared_ptr<RealtimeSession> RealtimeSession::make(std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                       const Services& services, Connections& connections,
                                                       std::shared_ptr<const call::Agent> agent, std::string client,
                                                       ReturningCall returning) {
    std::shared_ptr<RealtimeSession> session(new RealtimeSession(std::move(strand), std::move(place), services,
                                                                 std::move(agent), returning.stored.model,
                                                                 std::move(client), {}, returning.call_id));
    session->count();
    session->go_on_from(std::move(returning));
    session->entry_ = connections.add(session);
    session->listed_ = services.sessions->add(session->call_id_, session);
    return session;
}

RealtimeSession::RealtimeSession(std::shared_ptr<base::Strand> strand, call::CallPlace place, const Services& services,
                                 std::shared_ptr<const call::Agent> agent, std::string model, std::string client,
                                 WireStart wire, std::string call_id)
    : strand_(std::move(strand)), place_(std::move(place)), services_(services), agent_(std::move(agent)),
      call_id_(std::move(call_id)), client_(std::move(client)), start_(agent_->session) {
    context_.dialect = wire.dialect;
    context_.plays_sound = wire.plays_sound;
    context_.conversation_id = base::random_id("conv_");
    start_.id = base::random_id("sess_");
    if (!model.empty()) start_.model = std::move(model);
    if (wire.transcription) start_.kind = call::SessionKind::transcription;
    context_.session = start_;
}

void RealtimeSession::count() {
    if (!services_.engines()) return;
    auto& calls = services_.engines()->metrics.calls;
    calls.Increment();
    counted_ = std::shared_ptr<void>(&calls, [](void* gauge) { static_cast<prometheus::Gauge*>(gauge)->Decrement(); });
}

RealtimeSession::~RealtimeSession() {
    close_call();
    look_at_transport();
}

void RealtimeSession::go_on_from(ReturningCall returning) {
    if (const auto refused = configure(returning.stored.session))
        base::log::warning("call.not_as_it_was", {{"id", call_id_}, {"because", refused->error.text}});
    start_.id = context_.session.id = std::move(returning.stored.session_id);
    context_.conversation_id = std::move(returning.stored.conversation_id);
    context_.dialect = returning.stored.dialect;
    context_.wire.resumable = returning_ = true;
    owner_ = std::move(returning.owner);
    taken_ = returning.stored.input_audio_ms * kTakenRate / 1000;
    last_client_event_ = std::move(returning.stored.last_client_event);
    history_ = std::move(returning.stored.items);
    summary_ = std::move(returning.stored.summary);
    log_ = std::make_unique<ReplayLog>(false);
    const std::scoped_lock lock(token_mutex_);
    token_ = std::move(returning.token);
}

std::optional<protocol::Refusal> RealtimeSession::configure(const protocol::UpdateSession& request) {
    const auto defaults = agent_->session.turn_detection.value_or(call::TurnDetection{});
    const auto patch = to_patch(request.session, context_, defaults);
    if (!patch)
        return protocol::Refusal{patch.error().code == base::Errc::unsupported ? "unsupported" : "invalid_value",
                                 patch.error(), ""};
    if (const auto allowed = agent_->check_tools(patch->tools); !allowed) {
        base::Error failure = allowed.error();
        failure.param.insert(0, "session.");
        return protocol::Refusal{"unsupported", std::move(failure), ""};
    }
    context_.dialect = request.dialect;
    call::apply(*patch, start_);
    apply(request.session, context_.wire);
    context_.session = start_;
    keep_replay_log(context_.wire.resumable, true);
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

std::shared_ptr<ChannelUser> RealtimeSession::take_over(std::shared_ptr<MessageChannel> channel, ResumeFrom from,
                                                        std::shared_ptr<MediaLine> line) {
    if (const auto earlier = coming_.lock()) earlier->close(CloseCode::policy_violation, "taken over");
    coming_ = channel;
    auto user = std::make_shared<Channel>(shared_from_this(), std::move(channel), Channel::Role::main);
    user->resume = std::move(from);
    user->line = std::move(line);
    return user;
}

std::shared_ptr<ChannelUser> RealtimeSession::observe(std::shared_ptr<MessageChannel> channel, call::CallPlace place) {
    auto user = std::make_shared<Channel>(shared_from_this(), std::move(channel), Channel::Role::observer);
    user->place = std::move(place);
    return user;
}

void RealtimeSession::opened(Channel& channel) {
    const bool closed = over_ || (!call_ && opened_at_ != base::Time{});  // the latter while the server shuts down
    if (closed) return channel.channel->close(CloseCode::policy_violation, "the call is over");
    if (channel.role == Channel::Role::observer) {
        observers_.push_back(channel.channel);
        // As to anybody who connects; the conversation so far is to be asked for.
        if (call_)
            for (const auto& event : to_wire(call::SessionCreated{context_.session}, context_))
                channel.channel->send(message_of(event));
        return channel.channel->next();
    }
    if (channel.resume && !log_) return channel.channel->close(CloseCode::policy_violation, "the call is not resumable");
    if (coming_.lock() == channel.channel) coming_.reset();
    const auto older = std::exchange(main_, channel.channel);
    if (older) older->close(CloseCode::policy_violation, "taken over");
    if (channel.resume) come_back(*channel.resume, std::exchange(channel.line, nullptr));
    else if (!call_) open_call();
    look_at_reach("channel");
    start_ticking();
    channel.channel->next();
}

void RealtimeSession::come_back(const ResumeFrom& from, const std::shared_ptr<MediaLine>& line) {
    const bool played_here = context_.plays_sound;
    drop_line();
    if (line) take_line(line);
    protocol::SessionKept told = kept();
    told.resumed.emplace();
    told.resumed->input_audio_ms = caller_sound_ms();
    told.resumed->last_client_event_id = last_client_event_;
    const auto as_message = [&](const LineSound& sound) {
        const auto length = audio::duration_of(static_cast<std::size_t>(sound.samples), MediaLine::kOutputRate);
        if (line || context_.wire.binary_audio)
            return LoggedMessage{"", {sound.bytes.begin(), sound.bytes.end()}, true, length, sound.part};
        const std::string id(event_ids_.next());
        return LoggedMessage{id, protocol::encode(to_wire(sound.part, sound.bytes), id, context_.dialect), false, length,
                             sound.part};
    };
    told.resumed->complete = log_->confirm(from, line_received_, as_message);
    const std::string id(event_ids_.next());
    log_->mark(id);
    main_->send(protocol::encode(told, id, context_.dialect));
    base::log::info("call.resumed", {{"call", context_.session.id},
                                     {"complete", told.resumed->complete ? "yes" : "no"},
                                     {"over", line ? "webrtc" : "websocket"},
                                     {"was", lost_since_ ? "lost" : "there"}});
    metrics_.came_back();
    if (!call_) return open_call();
    auto over_line = line ? sound_of(log_->take_sound()) : std::vector<Unheard>();
    base::Duration in_messages{};
    for (const LoggedMessage& message : log_->missed()) {
        in_messages += message.sound;
        if (!message.binary) main_->send(message.bytes);
        else main_->send_binary({reinterpret_cast<const std::uint8_t*>(message.bytes.data()), message.bytes.size()});
    }
    lost_since_.reset();
    if (!line) return call_->resume_output(in_messages);
    if (!played_here && !sounding_.empty()) tell(to_wire(call::OutputSoundStarted{sounding_}, context_).front());
    sound_again(std::move(over_line));
}

void RealtimeSession::open_call() {
    opened_at_ = strand_->now();
    base::log::info("call.opened", {{"call", start_.id},
                                    {"id", call_id_},
                                    {"client", client_},
                                    {"model", start_.model},
                                    {"agent", start_.agent}});
    const auto early_ms = static_cast<std::int64_t>(early_.size()) * 1000 / kLineRate;
    unsaved_.begin(std::max<std::int64_t>(0, caller_sound_ms() - early_ms), last_client_event_);
    call_ = call::Call::open(start_, agent_->settings, *services_.engines(), strand_, *this, std::move(history_),
                             std::exchange(summary_, {}));
    counted_.reset();
    hear_early();
    keep_record();
}

void RealtimeSession::keep_record() {
    if (services_.session_store == nullptr || !call_ || (log_ != nullptr) == (recorder_ != nullptr)) return;
    if (!log_) return std::exchange(recorder_, nullptr)->end(false);
    const std::string key = services_.access != nullptr ? services_.access->owner_or(call_id_, "") : "";
    recorder_ = CallRecorder::make(
        strand_, *services_.session_store, {call_id_, owner_, token_hash(resume_token())},
        {[this]() -> const std::vector<think::Item>& { return call_->items(); },
         [this, key] { return settings_to_store(context_, key, unsaved_.sound_from(heard_sound_ms()), unsaved_.last_event()); },
         [this] { return summary_to_store(call_->summary()); },
         [this](const std::vector<std::string>& ids) {
             if (services_.session_store->durable()) tell(protocol::ItemsSaved{ids});
         },
         [this] { finish("taken_elsewhere"); }});
}

bool RealtimeSession::reachable() const {
    if (!call_) return false;
    return media_ ? !line_silent_ : main_ != nullptr;
}

void RealtimeSession::look_at_transport() {
    Transport now = Transport::none;
    if (call_ && media_) now = Transport::webrtc;
    else if (call_ && main_) now = Transport::websocket;
    metrics_.moved(std::exchange(transport_, now), now);
}

void RealtimeSession::look_at_reach(std::string_view what) {
    look_at_transport();
    if (over_ || reachable() == !lost_since_.has_value()) return;
    if (!reachable()) {
        lost_since_ = strand_->now();
        if (call_) {
            base::log::info("call.lost", {{"call", context_.session.id}, {"reason", what}});
            call_->hold_output();
            sounding_on_ = false;
            metrics_.lost();
        }
        leave_if_quiet();
        return start_ticking();
    }
    if (*lost_since_ > opened_at_)  // otherwise it was reached for the first time
        base::log::info("call.back", {{"call", context_.session.id},
                                      {"milliseconds", base::whole_milliseconds(strand_->now() - *lost_since_)}});
    lost_since_.reset();
    if (!media_ || !log_) return call_->resume_output({});
    // What the line's other side has not received, it gets over the line again.
    std::vector<Unheard> again;
    for (const LineSound& sound : log_->take_unheard(line_base_ + media_->received())) again.push_back(unheard(sound.part, sound.bytes));
    media_->clear();
    sound_again(std::move(again));
}

void RealtimeSession::start_ticking() {
    if (over_ || ticking_ || (!lost_since_ && !(log_ && main_))) return;
    ticking_ = true;
    strand_->post_at(strand_->now() + kTick, [self = shared_from_this()] { self->tick(); });
}

void RealtimeSession::tick() {
    ticking_ = false;
    if (over_) return;
    const base::milliseconds patience = !call_ ? kConnectWithin : log_ ? agent_->settings.resume_within : kSilentLinePatience;
    if (leaving_since_ && strand_->now() >= *leaving_since_ + kLeaveWithin) return left(false);
    if (lost_since_ && strand_->now() >= *lost_since_ + patience) return finish(call_ ? "not_resumed" : "not_connected");
    if (log_ && !lost_since_) log_->forget_old(strand_->now());
    if (recorder_) lost_since_ ? recorder_->touch() : recorder_->look_at_clock();
    if (log_ && main_ && call_) main_->send(message_of(protocol::SoundHeard{caller_sound_ms()}));
    start_ticking();
}

void RealtimeSession::keep_replay_log(bool wanted, bool whole) {
    if (wanted == (log_ != nullptr)) return;
    log_ = wanted ? std::make_unique<ReplayLog>(whole) : nullptr;
    const std::scoped_lock lock(token_mutex_);
    token_ = wanted ? base::random_id("resume_") + base::random_id("") : std::string();
}

std::int64_t RealtimeSession::heard_sound_ms() const {
    std::int64_t waits = 0;
    for (const Waiting& one : waiting_)
        if (one.from) waits += static_cast<std::int64_t>(one.samples.size() - one.at) * 1000 / one.rate;
    return std::max<std::int64_t>(0, caller_sound_ms() - waits);
}

protocol::SessionKept RealtimeSession::kept() const {
    return {call_id_, resume_token(), agent_->settings.resume_within.count(), std::nullopt};
}

void RealtimeSession::close_call() {
    waiting_.clear();
    early_.clear();
    if (const auto call = std::exchange(call_, nullptr)) call->close();
}

void RealtimeSession::ended(Channel& channel, ChannelEnd end) {
    if (channel.role == Channel::Role::observer) {
        std::erase(observers_, channel.channel);
        return channel.place.reset();
    }
    const bool mine = main_ == channel.channel;
    if (mine) main_.reset();
    if (over_) return;
    // One that was taken over, or never came to be the client's.
    if (!mine && (opened_at_ != base::Time{} || media_ || channel.resume)) return;
    if (!log_ || !call_ || !lost(end)) return finish(name_of(end));
    look_at_reach(name_of(end));
}

void RealtimeSession::finish(std::string_view reason) {
    if (std::exchange(over_, true)) return;
    if (opened_at_ != base::Time{})
        base::log::info("call.closed", {{"call", context_.session.id},
                                        {"reason", reason},
                                        {"turns_answered", turns_answered_},
                                        {"milliseconds", base::whole_milliseconds(strand_->now() - opened_at_)}});
    else
        base::log::warning("call.not_opened", {{"client", client_}, {"reason", reason}});
    metrics_.ended(reason);
    // A client that has not come back in time may still find its conversation, where that outlives us.
    if (const auto recorder = std::exchange(recorder_, nullptr))
        recorder->end(reason == "not_resumed" && services_.session_store->durable());
    close_call();
    listed_.reset();
    place_.reset();
    counted_.reset();
    drop_line();
    log_.reset();
    if (const auto coming = coming_.lock()) coming->close(CloseCode::policy_violation, "the call is over");
    for (const auto& observer : observers_) observer->close(CloseCode::normal, "the call is over");
    if (const auto main = std::exchange(main_, nullptr)) main->close(CloseCode::normal, "the call is over");
    look_at_transport();
}

void RealtimeSession::hang_up() {
    strand_->post([self = shared_from_this()] { self->finish("hung_up"); });
}

void RealtimeSession::drain() {
    strand_->post([self = shared_from_this()] {
        self->draining_ = true;
        self->leave_if_quiet();
    });
}

void RealtimeSession::leave_if_quiet() {
    if (!draining_ || leaving_since_) return;
    // Not from within: the call may be in the midst of telling.
    strand_->post([self = shared_from_this()] {
        // One that has not begun will, and says so. Of one that is lost nobody hears the rest.
        if (self->call_ && (self->lost_since_ || (self->listening_ && !self->unsaved_.hears()))) self->leave();
    });
}

void RealtimeSession::shut_down() {
    strand_->post([self = shared_from_this()] { self->leave(); });
}

void RealtimeSession::leave() {
    if (leaving_since_) return;
    leaving_since_ = strand_->now();
    if (!recorder_ || !services_.session_store->durable()) return left(false);
    // Whoever comes for the call from now on finds all of it; before, the client has no reason to go.
    recorder_->when_saved([this] { left(true); });
    start_ticking();
}

void RealtimeSession::left(bool saved) {
    if (std::exchange(left_, true)) return;
    if (const auto recorder = std::exchange(recorder_, nullptr)) recorder->end(true);
    close_call();
    for (const auto& observer : observers_) observer->close(CloseCode::service_restart, "the server is shutting down");
    if (main_) {
        if (log_) main_->send(message_of(protocol::ServerRestarting{saved}));
        main_->close(CloseCode::service_restart, "the server is shutting down");
    }
    if (!main_ || media_) finish("shut_down");
}

}  // namespace antiphon::edge
