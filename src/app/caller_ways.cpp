#include "app/caller_ways.hpp"

#include "app/check_http.hpp"
#include "base/ids.hpp"

#include <algorithm>
#include <span>
#include <thread>
#include <utility>
#include <variant>

namespace antiphon::app {
namespace {

/// A server that keeps the call says something each second.
constexpr base::milliseconds kSignOfLife{4000};
constexpr base::milliseconds kAttempt{2500};
constexpr base::milliseconds kFirstPause{100};  ///< between attempts; each is twice the one before
constexpr base::milliseconds kLongestPause{1000};
/// Until the server says how long it keeps the call; and it begins to count later than we do.
constexpr base::milliseconds kKeptFor{25'000};
constexpr base::milliseconds kKeptLonger{5'000};
/// For a server that ends to be there again, with its models, or another in its place.
constexpr base::milliseconds kRestarts{180'000};
constexpr std::size_t kPiece = 12'000;  ///< half a second
/// A STUN or TURN server that does not answer is no reason to keep the offer back.
constexpr base::milliseconds kGathering{300};
constexpr std::chrono::seconds kLongestRequest{10};
constexpr std::chrono::seconds kHangUp{2};
constexpr const char* kGoesOn = ": the call goes on over the WebSocket";

base::Error lost(std::string text) { return base::error(base::Errc::unavailable, std::move(text), "server"); }

}  // namespace

CallerWays::CallerWays(CallerWaysSettings settings, const CallerMicrophone& microphone, Say say, Stopped stopped)
    : settings_(std::move(settings)), microphone_(microphone), say_(std::move(say)), stopped_(std::move(stopped)) {}

CallerWays::~CallerWays() {
    if (over_line_) hang_up();
}

// How the call begins.

base::Result<void> CallerWays::open() {
    if (settings_.transport != CallerTransport::websocket) {
        const auto opened = open_webrtc();
        if (!opened) return opened.error();
        if (*opened) return {};
    }
    return open_websocket();
}

base::Result<bool> CallerWays::open_webrtc() {
    const bool alone = settings_.transport == CallerTransport::webrtc;
    const auto limit = std::min(settings_.timeout, kLongestRequest);
    const auto refused = [&](const std::string& why) -> base::Result<bool> {
        const std::string text = "no call over WebRTC with " + settings_.address.host + " (" + why + ")";
        if (alone) return lost(text);
        say_(text + ": it goes over the WebSocket");
        return false;
    };
    const auto ice = http_get(settings_.address.url("/ice"), settings_.trust, limit, settings_.key);
    if (!ice) {
        if (alone) return lost("cannot reach " + settings_.address.authority() + ": " + ice.error().text);
        return false;  // the WebSocket's own failure says why
    }
    auto peer = CallerPeer::make(read_ice_servers(ice->body).value_or(std::vector<IceServer>()), kGathering);
    if (!peer) return refused(peer.error().text);
    const CallForm form = write_call_form((*peer)->offer(), settings_.silence);
    const auto query = settings_.address.target.find('?');
    const auto answer = http_post(
        settings_.address.url("/v1/realtime/calls" +
                              (query == std::string::npos ? "" : settings_.address.target.substr(query))),
        form.content_type, form.body, settings_.trust, limit, settings_.key);
    if (!answer) return refused(answer.error().text);
    if (answer->status != 201) return refused(std::to_string(answer->status) + ": " + refusal_text(answer->body));
    kept_ = SessionIsKept{answer->location.substr(answer->location.rfind('/') + 1), answer->resume_token, kKeptFor,
                          false, {}, ""};
    const base::Time now = base::Clock::now();
    CallerLineSettings line;
    line.payload_type = CallerPeer::kOpus;
    line.ssrc = (*peer)->ssrc();
    line.cname = base::random_id("");
    line.now = now;
    line.wall = std::chrono::system_clock::now();
    auto sound = CallerLine::open(
        line, [to = peer->get()](std::span<const std::uint8_t> packet) { to->send_packet(packet); });
    const bool keeps = !answer->resume_token.empty();
    if (!sound || (!keeps && !alone)) {
        hang_up();
        kept_.reset();
        return refused(sound ? "it does not keep calls" : sound.error().text);
    }
    if (!keeps) kept_.reset();
    CallerWatchLimits limits;
    limits.begins = alone ? std::chrono::duration_cast<base::milliseconds>(settings_.timeout) : settings_.fallback;
    if (alone) limits.dead = limits.deaf = limits.begins;
    watch_.emplace(now, limits);
    if (!(*peer)->answer(answer->body)) watch_->connection_lost();
    peer_ = std::move(*peer);
    line_ = std::move(*sound);
    over_line_ = began_over_webrtc_ = ready_ = true;
    return true;
}

base::Result<void> CallerWays::open_websocket() {
    auto connection = CallerConnection::open(settings_.address, settings_.timeout, settings_.trust, settings_.key);
    if (!connection) return connection.error();
    connection_ = std::move(*connection);
    last_sign_ = base::Clock::now();
    tell(write_session_update(settings_.silence));
    return {};
}

void CallerWays::hang_up() const {
    // By a request, as what is said on a connection that closes may be lost.
    if (!kept_) return;
    const std::string call = settings_.address.url("/v1/realtime/calls/" + kept_->call_id);
    (void)http_post(call + "/hangup", "text/plain", "", settings_.trust, kHangUp, settings_.key);
}

// What is said.

void CallerWays::tell(const std::string& event) {
    std::string id = "caller_" + std::to_string(++tellings_);
    std::string message = with_event_id(event, id);
    told_.push_back({std::move(id), message});
    if (over_line_) return peer_->send(std::move(message));
    if (!resuming_) connection_->send(std::move(message));
}

std::optional<std::vector<float>> CallerWays::beat(base::Time now) {
    beaten_ = microphone_.sent().size();
    if (!over_line_) {
        if (!resuming_) say_rest();
        return std::nullopt;
    }
    take_packets();
    if (peer_->state() != CallerPeer::State::open) return std::nullopt;
    if (remote_address_.empty()) remote_address_ = peer_->remote_address();
    return line_->beat(now, microphone_.sent(), watch_->holds(now));
}

void CallerWays::take_packets() {
    for (const auto& packet : peer_->packets()) {
        const auto kind = line_->take(packet);
        if (kind == CallerLine::Kind::sound) watch_->sound_came(packet.arrived);
        else if (kind) watch_->sign_came(packet.arrived);
    }
}

void CallerWays::say_rest() {
    auto rest = std::span<const float>(microphone_.sent()).first(beaten_).subspan(said_);
    said_ = beaten_;
    if (!settings_.speaks) return;
    for (; !rest.empty(); rest = rest.subspan(std::min(rest.size(), kPiece)))
        connection_->send(write_audio_append(rest.first(std::min(rest.size(), kPiece))));
}

// What is heard.

base::Result<std::optional<CallerWays::Came>> CallerWays::receive(base::Time until) {
    auto message = next_message(until);
    if (!message) return message.error();
    if (!*message) return std::optional<Came>();
    auto event = take(**message);
    if (!event) return event.error();
    return std::optional<Came>(Came{std::move(*event), (*message)->arrived});
}

base::Result<std::optional<CallerConnection::Message>> CallerWays::next_message(base::Time until) {
    for (;;) {
        if (over_line_) {
            auto message = next_of_line(until);
            if (!message || *message || over_line_ || stopped_()) return message;
            continue;  // on the WebSocket
        }
        auto message = connection_->receive(until);
        const bool dead = message && !*message && kept_ && base::Clock::now() - last_sign_ > kSignOfLife;
        if (message && !dead) return message;
        const base::Error why = message ? lost("the connection is dead") : message.error();
        // Taken over by another: what it has is not to be taken back.
        if (!kept_ || why.text.find("taken over") != std::string::npos) return why;
        say_("Reconnecting...");
        ++returns_;
        if (auto back = come_back(why); !back) return back.error();
        if (stopped_()) return std::optional<CallerConnection::Message>();
    }
}

base::Result<std::optional<CallerConnection::Message>> CallerWays::next_of_line(base::Time until) {
    auto message = peer_->receive(until);
    if (message) return message;
    take_packets();
    if (peer_->state() == CallerPeer::State::lost) watch_->connection_lost();
    const auto trouble = watch_->trouble(base::Clock::now());
    if (!trouble) return message;
    std::string text = *trouble == "no UDP" ? "no UDP to " + settings_.address.host : std::string(*trouble);
    if (settings_.transport == CallerTransport::webrtc) return lost(std::move(text));
    say_(text + kGoesOn);
    ++falls_;
    line_figures_ = line_->figures();
    positions_ = line_->positions();
    over_line_ = false;
    // The connection stays until the call is taken over: a server that sees it closed ends the call.
    if (auto back = come_back(lost(std::move(text))); !back) return back.error();
    return message;
}

base::Result<CallerEvent> CallerWays::take(const CallerConnection::Message& message) {
    last_sign_ = message.arrived;
    if (over_line_) watch_->sign_came(message.arrived);
    auto event = read_server_event(message.text);
    if (!event) return event;
    const auto* lives = std::get_if<ServerLives>(&*event);
    if (const auto id = event_id_of(message.text); !id.empty() && lives == nullptr) last_event_id_ = id;
    if (lives != nullptr && over_line_) {
        watch_->heard(lives->input_audio, message.arrived);
        line_->positions().heard(lives->input_audio);
    }
    if (const auto* created = std::get_if<SessionIsCreated>(&*event)) {
        if (over_line_) watch_->session_came();
        else if (created->resumable && !kept_) tell(write_resumable_update());
    }
    if (const auto* kept = std::get_if<SessionIsKept>(&*event)) take_kept(*kept);
    if (const auto* restarts = std::get_if<ServerRestarts>(&*event); restarts != nullptr && kept_) {
        if (restarts->resumable) kept_->within = kRestarts;
        else kept_.reset();
        if (over_line_) watch_->connection_lost();
    }
    if (std::holds_alternative<SessionIsUpdated>(*event)) ready_ = true;
    return event;
}

// How the call comes back.

base::Result<void> CallerWays::come_back(const base::Error& why) {
    CallerAddress address = settings_.address;
    address.target = address.target.substr(0, address.target.find('?')) + "?call_id=" + kept_->call_id +
                     "&resume=" + kept_->token + "&last_event_id=" + last_event_id_;
    const base::Time give_up = base::Clock::now() + kept_->within + kKeptLonger;
    resuming_ = true;
    for (base::milliseconds pause = kFirstPause; !stopped_(); pause = std::min(2 * pause, kLongestPause)) {
        auto connection = CallerConnection::open(address, kAttempt, settings_.trust, settings_.key);
        if (connection) {
            connection_ = std::move(*connection);
            last_sign_ = base::Clock::now();
            return {};
        }
        const bool gone = connection.error().code == base::Errc::not_found;
        if (gone || base::Clock::now() > give_up)
            return base::error(why.code, why.text + ", and the call could not be taken up again", why.param);
        std::this_thread::sleep_for(pause);
    }
    return {};
}

void CallerWays::take_kept(const SessionIsKept& kept) {
    kept_ = kept;
    if (!kept.resumed || over_line_) return;
    resuming_ = false;
    peer_.reset();
    said_ = std::min(beaten_, positions_.resume_at(kept.input_audio));
    positions_.go_on(kept.input_audio, said_);
    const auto taken = std::find_if(told_.begin(), told_.end(),
                                    [&](const Told& told) { return told.id == kept.last_event_taken; });
    if (taken != told_.end()) told_.erase(told_.begin(), taken + 1);
    for (const Told& told : told_) connection_->send(told.event);
    say_rest();
}

CallerWayReport CallerWays::report() const {
    CallerWayReport report;
    report.webrtc = began_over_webrtc_;
    report.websocket = !over_line_;
    report.remote_address = remote_address_;
    report.line = over_line_ ? line_->figures() : line_figures_;
    report.falls = falls_;
    report.returns = returns_;
    return report;
}

}  // namespace antiphon::app
