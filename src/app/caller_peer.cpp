#include "app/caller_peer.hpp"

#include <rtc/rtc.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <random>
#include <utility>
#include <variant>

namespace antiphon::app {
namespace {

constexpr const char* kName = "antiphon-call";
constexpr std::chrono::seconds kCleanupPatience{5};
constexpr std::size_t kMostUnread = 10'000;

rtc::Configuration configuration_of(const std::vector<IceServer>& servers) {
    rtc::Configuration configuration;
    configuration.disableAutoNegotiation = true;
    for (const IceServer& one : servers) {
        if (one.url.tcp || one.url.secure) continue;  // the library has UDP alone
        if (one.url.relays)
            configuration.iceServers.emplace_back(one.url.host, one.url.port, one.username, one.password);
        else
            configuration.iceServers.emplace_back(one.url.host, one.url.port);
    }
    return configuration;
}

std::uint32_t random_ssrc() {
    std::random_device source;
    return std::uniform_int_distribution<std::uint32_t>(1)(source);
}

/// What the library's threads say; they may say it after we have gone.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    bool gathered = false;
    CallerPeer::State state = CallerPeer::State::connecting;
    bool channel_open = false;
    std::vector<std::string> unsent;  ///< while the channel is not open
    std::deque<CallerConnection::Message> unread;
    edge::PacketInbox inbox;

    template <typename Change>
    void tell(Change change) {
        {
            const std::scoped_lock lock(mutex);
            change();
        }
        changed.notify_all();
    }
};

}  // namespace

WebRtcLibraryUse::~WebRtcLibraryUse() { rtc::Cleanup().wait_for(kCleanupPatience); }

class CallerPeer::Wire {
public:
    Wire(const std::vector<IceServer>& servers, std::uint32_t ssrc)
        : connection_(std::make_shared<rtc::PeerConnection>(configuration_of(servers))) {
        connection_->onGatheringStateChange([heard = heard_](rtc::PeerConnection::GatheringState state) {
            if (state == rtc::PeerConnection::GatheringState::Complete) heard->tell([&] { heard->gathered = true; });
        });
        connection_->onStateChange([heard = heard_](rtc::PeerConnection::State state) {
            using From = rtc::PeerConnection::State;
            if (state == From::Failed || state == From::Disconnected || state == From::Closed)
                heard->tell([&] { heard->state = State::lost; });
        });
        rtc::Description::Audio audio("0", rtc::Description::Direction::SendRecv);
        audio.addOpusCodec(kOpus, "minptime=10;useinbandfec=1");
        audio.addSSRC(ssrc, kName);
        track_ = connection_->addTrack(std::move(audio));
        track_->onOpen([heard = heard_] {
            heard->tell([&] {
                if (heard->state == State::connecting) heard->state = State::open;
            });
        });
        track_->onMessage([heard = heard_](const rtc::message_variant& packet) {
            if (const auto* bytes = std::get_if<rtc::binary>(&packet))
                heard->inbox.put({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()},
                                 base::Clock::now());
        });
        channel_ = connection_->createDataChannel("oai-events");
        channel_->onOpen([heard = heard_, weak = std::weak_ptr(channel_)] {
            const auto channel = weak.lock();
            if (!channel) return;
            // Not under the lock, and in order: what is sent meanwhile waits as well, until nothing does.
            for (std::vector<std::string> events;; events.clear()) {
                heard->tell([&] {
                    heard->unsent.swap(events);
                    heard->channel_open = events.empty();
                });
                if (events.empty()) return;
                for (std::string& event : events) channel->send(std::move(event));
            }
        });
        channel_->onClosed([heard = heard_] { heard->tell([&] { heard->state = State::lost; }); });
        channel_->onMessage([heard = heard_](const rtc::message_variant& message) {
            const auto* text = std::get_if<std::string>(&message);
            if (text == nullptr) return;
            heard->tell([&] {
                if (heard->unread.size() < kMostUnread) heard->unread.push_back({*text, base::Clock::now()});
                else heard->state = State::lost;
            });
        });
    }

    ~Wire() {
        track_->resetCallbacks();
        channel_->resetCallbacks();
        connection_->resetCallbacks();
        connection_->close();
    }

    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    std::optional<std::string> offer(base::Duration gathering) {
        connection_->setLocalDescription(rtc::Description::Type::Offer);
        {
            std::unique_lock lock(heard_->mutex);
            heard_->changed.wait_for(lock, gathering, [&] { return heard_->gathered; });
        }
        const auto description = connection_->localDescription();
        if (!description) return std::nullopt;
        return std::string(*description);
    }

    void answer(const std::string& description) {
        connection_->setRemoteDescription(rtc::Description(description, rtc::Description::Type::Answer));
    }

    void send(std::string event) {
        {
            const std::scoped_lock lock(heard_->mutex);
            if (heard_->state == State::lost) return;
            if (!heard_->channel_open) return heard_->unsent.push_back(std::move(event));
        }
        try {
            channel_->send(std::move(event));
        } catch (const std::exception&) {
            heard_->tell([&] { heard_->state = State::lost; });
        }
    }

    void send_packet(std::span<const std::uint8_t> packet) {
        if (state() != State::open) return;
        try {
            track_->send(reinterpret_cast<const rtc::byte*>(packet.data()), packet.size());
        } catch (const std::exception&) {
            // Closing by now: the state tells soon.
        }
    }

    std::optional<CallerConnection::Message> receive(base::Time until) {
        std::unique_lock lock(heard_->mutex);
        heard_->changed.wait_until(lock, until,
                                   [&] { return !heard_->unread.empty() || heard_->state == State::lost; });
        if (heard_->unread.empty()) return std::nullopt;
        std::optional<CallerConnection::Message> next = std::move(heard_->unread.front());
        heard_->unread.pop_front();
        return next;
    }

    State state() const {
        const std::scoped_lock lock(heard_->mutex);
        return heard_->state;
    }
    std::vector<edge::PacketInbox::Packet> packets() { return heard_->inbox.take(); }
    std::string remote_address() const { return connection_->remoteAddress().value_or(""); }

private:
    const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
    const std::shared_ptr<rtc::PeerConnection> connection_;
    std::shared_ptr<rtc::Track> track_;
    std::shared_ptr<rtc::DataChannel> channel_;
};

CallerPeer::CallerPeer(std::unique_ptr<Wire> wire, std::uint32_t ssrc) : wire_(std::move(wire)), ssrc_(ssrc) {}
CallerPeer::~CallerPeer() = default;

base::Result<std::unique_ptr<CallerPeer>> CallerPeer::make(const std::vector<IceServer>& servers,
                                                           base::Duration gathering) {
    try {
        const std::uint32_t ssrc = random_ssrc();
        std::unique_ptr<CallerPeer> peer(new CallerPeer(std::make_unique<Wire>(servers, ssrc), ssrc));
        auto offer = peer->wire_->offer(gathering);
        if (!offer) return base::error(base::Errc::unavailable, "no offer can be made");
        peer->offer_ = std::move(*offer);
        return peer;
    } catch (const std::exception& failure) {
        return base::error(base::Errc::unavailable, std::string("no offer can be made: ") + failure.what());
    }
}

base::Result<void> CallerPeer::answer(const std::string& description) {
    try {
        wire_->answer(description);
        return {};
    } catch (const std::exception& failure) {
        return base::error(base::Errc::invalid, std::string("the answer cannot be used: ") + failure.what());
    }
}

void CallerPeer::send(std::string event) { wire_->send(std::move(event)); }
void CallerPeer::send_packet(std::span<const std::uint8_t> packet) { wire_->send_packet(packet); }
std::optional<CallerConnection::Message> CallerPeer::receive(base::Time until) { return wire_->receive(until); }
std::vector<edge::PacketInbox::Packet> CallerPeer::packets() { return wire_->packets(); }
CallerPeer::State CallerPeer::state() const { return wire_->state(); }
std::string CallerPeer::remote_address() const { return wire_->remote_address(); }

}  // namespace antiphon::app
