#include "edge/webrtc_peer.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "edge/sdp_answer.hpp"
#include "protocol/encode.hpp"

#include <rtc/rtc.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <variant>

namespace antiphon::edge {
namespace {

constexpr int kMaxBeats = 10;  ///< of a strand that was late, as many are made up for
constexpr int kMaxBitrate = 32000;
/// Of the idle timeout, after which part of it a silent client is asked.
constexpr int kAskAfter = 10;
/// The data channel that asks it.
constexpr std::string_view kQuestion = "antiphon-still-there";
/// A client that was heard of less than this ago has closed the connection; of another one the way is broken. Reports
/// come at least every five seconds.
constexpr std::chrono::seconds kJustHeard{6};

std::uint32_t random_ssrc() {
    std::random_device source;
    return std::uniform_int_distribution<std::uint32_t>(1)(source);
}

/// Takes the place of an event that the client's data channel cannot take.
std::string too_long(std::size_t size, std::size_t limit) {
    protocol::ErrorReport report;
    report.type = "server_error";
    report.code = "event_too_large";
    report.message = "an event of " + std::to_string(size) +
                     " bytes is left out: the data channel takes no more than " + std::to_string(limit) +
                     " in one message";
    return protocol::encode(report, base::random_id("event_"), protocol::Dialect::ga);
}

std::span<const std::uint8_t> view(const rtc::binary& bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

struct WebRtcPeer::Opened {
    std::shared_ptr<rtc::PeerConnection> connection;
    std::shared_ptr<rtc::Track> track;
    std::string description;
};

struct WebRtcPeer::Outlet {
    std::mutex mutex;
    std::shared_ptr<rtc::Track> track;

    void send(std::span<const std::uint8_t> packet) {
        std::shared_ptr<rtc::Track> open;
        {
            const std::scoped_lock lock(mutex);
            open = track;
        }
        if (!open) return;
        try {
            open->send(reinterpret_cast<const rtc::byte*>(packet.data()), packet.size());
        } catch (const std::exception& failure) {
            base::log::debug("webrtc.not_sent", {{"because", failure.what()}});
        }
    }
};

base::Result<std::shared_ptr<WebRtcPeer>> WebRtcPeer::make(WebRtcStack& stack, std::shared_ptr<base::Strand> strand,
                                                           SdpOffer offer, std::size_t max_queued) {
    std::shared_ptr<WebRtcPeer> peer(new WebRtcPeer(stack, std::move(strand), std::move(offer)));
    if (peer->offer_.data_mid)
        peer->channel_ = std::make_shared<WebRtcChannel>(
            peer->strand_, max_queued, too_long,
            [weak = peer->weak_from_this()] {
                const auto self = weak.lock();
                return self ? self->why_closed() : ChannelEnd::closed_by_server;
            },
            [weak = peer->weak_from_this()] {
                if (const auto self = weak.lock()) self->close();
            });
    if (auto made = peer->make_line(); !made) return made.error();
    return peer;
}

WebRtcPeer::WebRtcPeer(WebRtcStack& stack, std::shared_ptr<base::Strand> strand, SdpOffer offer)
    : stack_(stack),
      strand_(std::move(strand)),
      way_(stack.hand_over(strand_)),
      offer_(std::move(offer)),
      ssrc_(random_ssrc()),
      cname_(base::random_id("")),
      outlet_(std::make_shared<Outlet>()) {}

WebRtcPeer::~WebRtcPeer() {
    // The stack was closed before the peer had ended, or the strand's loop before it had told so: its users let go of
    // each other when they are told.
    if (!told_ && opened_at_ != base::Time{}) {
        if (channel_) channel_->end(ChannelEnd::closed_by_server);
        line_->end();
    }
    stack_.clock().remove(sender_);
    question_.reset();
    track_.reset();
    stack_.retire(std::move(connection_));
}

base::Result<void> WebRtcPeer::make_line() {
    SoundSenderSettings sound;
    sound.payload_type = static_cast<std::uint8_t>(offer_.opus_payload);
    sound.ssrc = ssrc_;
    sound.opus.sample_rate = MediaLine::kOutputRate;
    sound.opus.in_band_fec = offer_.opus_in_band_fec;
    sound.opus.bits_per_second = std::min(offer_.opus_max_bitrate.value_or(kMaxBitrate), kMaxBitrate);
    auto sender = SoundSender::open(
        sound, [outlet = outlet_](std::span<const std::uint8_t> packet) { outlet->send(packet); },
        [way = way_, beats = beats_, weak = weak_from_this()](base::Time) {
            // One task for all the beats that the strand has not taken yet.
            if (beats->owed.fetch_add(1) != 0) return;
            way->post([beats, weak] {
                const int owed = beats->owed.exchange(0);
                if (const auto self = weak.lock()) self->beat(owed);
            });
        });
    if (!sender) return sender.error();
    auto receiver = listen::SoundReceiver::open();
    if (!receiver) return receiver.error();
    sender_ = std::move(*sender);
    WebRtcLineSettings line;
    line.payload_type = sound.payload_type;
    line.ssrc = ssrc_;
    line.cname = cname_;
    line.receives = offer_.client_sends;
    line.nack = offer_.nack;
    line.metrics = stack_.line_metrics();
    line.now = strand_->now();
    line.wall = std::chrono::system_clock::now();
    line_ = std::make_shared<WebRtcLine>(
        line, sender_, inbox_, std::move(*receiver),
        [outlet = outlet_](std::span<const std::uint8_t> packet) { outlet->send(packet); },
        [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->close();
        });
    return {};
}

void WebRtcPeer::open(std::function<void(base::Result<std::string>)> answered) {
    stack_.keep(shared_from_this());
    opened_at_ = strand_->now();
    auto submitted = stack_.submit([self = shared_from_this(), answered] {
        auto made = self->connect();
        // Not by the way of the callbacks, which an end meanwhile closes: the answer is owed.
        self->strand_->post([self, answered, made = std::move(made)]() mutable {
            if (made) return self->opened(std::move(*made), answered);
            answered(made.error());
            self->end(ChannelEnd::handshake_failed);
        });
    });
    if (submitted) return;
    strand_->post([self = shared_from_this(), answered, failure = submitted.error()] {
        answered(failure);
        self->end(ChannelEnd::handshake_failed);
    });
}

base::Result<WebRtcPeer::Opened> WebRtcPeer::connect() {
    using Direction = rtc::Description::Direction;
    try {
        auto connection = std::make_shared<rtc::PeerConnection>(stack_.configuration());
        connection->onStateChange([way = way_, weak = weak_from_this()](rtc::PeerConnection::State state) {
            using State = rtc::PeerConnection::State;
            if (state != State::Failed && state != State::Disconnected && state != State::Closed) return;
            way->post([weak, failed = state == State::Failed] {
                if (const auto self = weak.lock()) self->end(failed ? ChannelEnd::vanished : self->why_closed());
            });
        });
        if (channel_)
            connection->onDataChannel([connector = channel_->connector(way_)](
                                          const std::shared_ptr<rtc::DataChannel>& channel) { connector(channel); });
        rtc::Description::Audio media(offer_.audio_mid, offer_.client_sends && offer_.client_receives
                                                            ? Direction::SendRecv
                                                        : offer_.client_sends    ? Direction::RecvOnly
                                                        : offer_.client_receives ? Direction::SendOnly
                                                                                 : Direction::Inactive);
        media.addOpusCodec(offer_.opus_payload);
        media.addSSRC(ssrc_, cname_, "antiphon", "voice");
        auto track = connection->addTrack(std::move(media));
        track->onOpen([way = way_, weak = weak_from_this()] {
            way->post([weak] {
                if (const auto self = weak.lock()) self->track_opened();
            });
        });
        track->onMessage([inbox = inbox_](const rtc::message_variant& packet) {
            if (const auto* bytes = std::get_if<rtc::binary>(&packet)) inbox->put(view(*bytes), base::Clock::now());
        });
        connection->setRemoteDescription(rtc::Description(write_offer(offer_), rtc::Description::Type::Offer));
        // Answering and gathering are done by now: without a STUN server there is nothing to wait for.
        const auto description = connection->localDescription();
        if (!description) return base::error(base::Errc::engine, "the WebRTC library made no answer");
        return Opened{std::move(connection), std::move(track), std::string(*description)};
    } catch (const std::invalid_argument& failure) {
        return base::error(base::Errc::invalid, std::string("the offer is not taken: ") + failure.what(), "sdp");
    } catch (const std::exception& failure) {
        // Of an offer that it has taken, all that the library fails at is to get a port.
        base::log::warning("webrtc.not_opened", {{"ports", stack_.settings().ports}, {"because", failure.what()}});
        return base::error(base::Errc::overloaded, "no UDP port of webrtc.ports (" + stack_.settings().ports +
                                                       ") is free for this call; try again later, or use the WebSocket");
    }
}

void WebRtcPeer::opened(Opened opened, const std::function<void(base::Result<std::string>)>& answered) {
    connection_ = std::move(opened.connection);
    track_ = std::move(opened.track);
    if (ended_) {  // closed meanwhile
        track_.reset();
        stack_.retire(std::move(connection_));
        return answered(base::error(base::Errc::cancelled, "the call is over"));
    }
    auto answer = read_local_description(opened.description);
    if (!answer) {
        answered(answer.error());
        return end(ChannelEnd::handshake_failed);
    }
    answer->ssrc = ssrc_;
    answer->cname = cname_;
    answer->candidates = advertised(std::move(answer->candidates), stack_.settings().public_address, false);
    if (answer->candidates.empty()) {
        answered(base::error(base::Errc::unavailable, "this machine has no address that a client could reach"));
        return end(ChannelEnd::handshake_failed);
    }
    stack_.clock().add(sender_);
    answered(write_answer(offer_, *answer));
}

void WebRtcPeer::track_opened() {
    if (ended_) return;
    if (connected_at_ == base::Time{}) connected_at_ = strand_->now();
    {
        const std::scoped_lock lock(outlet_->mutex);
        outlet_->track = track_;
    }
    sender_->open();
}

void WebRtcPeer::beat(int beats) {
    if (ended_) return;
    const base::Time now = strand_->now();
    line_->beat(now, std::min(beats, kMaxBeats));
    if (ended_) return;
    if (connected_at_ == base::Time{}) {
        if (now - opened_at_ > stack_.settings().connect_timeout) end(ChannelEnd::handshake_failed);
        return;
    }
    if (now - heard_at() > stack_.settings().idle_timeout) return end(ChannelEnd::timed_out);
    if (now - heard_at() > stack_.settings().idle_timeout / kAskAfter && !question_) ask();
}

void WebRtcPeer::ask() {
    if (!channel_ || !channel_->open()) return;
    try {
        question_ = connection_->createDataChannel(std::string(kQuestion));
        const auto told = [way = way_, weak = weak_from_this()](bool answered) {
            way->post([weak, answered] {
                if (const auto self = weak.lock()) self->question_over(answered);
            });
        };
        question_->onOpen([told] { told(true); });
        question_->onClosed([told] { told(false); });
        if (question_->isOpen()) told(true);
    } catch (const std::exception& failure) {
        base::log::debug("webrtc.not_asked", {{"because", failure.what()}});
    }
}

void WebRtcPeer::question_over(bool answered) {
    if (ended_ || !question_) return;
    question_->resetCallbacks();
    question_->close();
    question_.reset();
    if (!answered) return;
    answered_at_ = strand_->now();
    line_->alive(answered_at_);
}

base::Time WebRtcPeer::heard_at() const {
    return std::max({connected_at_, answered_at_, line_->heard_at(), channel_ ? channel_->heard_at() : base::Time{}});
}

ChannelEnd WebRtcPeer::why_closed() const {
    return strand_->now() - heard_at() < kJustHeard ? ChannelEnd::closed_by_client : ChannelEnd::vanished;
}

void WebRtcPeer::end(ChannelEnd why) {
    if (std::exchange(ended_, true)) return;
    const auto self = shared_from_this();
    stack_.let_go(this);
    stack_.clock().remove(sender_);
    {
        const std::scoped_lock lock(outlet_->mutex);
        outlet_->track.reset();
    }
    // Not from within: who closes may be in the midst of its work.
    strand_->post([self, why] {
        self->told_ = true;
        if (self->channel_) self->channel_->end(why);
        self->line_->end();
        self->question_.reset();
        self->track_.reset();
        self->stack_.retire(std::move(self->connection_));
        self->way_->close();
    });
}

}  // namespace antiphon::edge
