#include "app/check_webrtc.hpp"

#include "app/caller_event.hpp"
#include "app/check_http.hpp"
#include "base/clock.hpp"

#include <rtc/rtc.hpp>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

namespace antiphon::app {
namespace {

constexpr int kOpus = 111;
constexpr std::uint32_t kSsrc = 1;
/// A STUN server that does not answer is no reason to keep the offer back.
constexpr std::chrono::seconds kGathering{2};
constexpr std::chrono::seconds kCleanupPatience{5};

/// However the attempt ended: waits for the library's threads to be done with it, so that none of them still runs while
/// the process ends.
struct CleanUp {
    ~CleanUp() { rtc::Cleanup().wait_for(kCleanupPatience); }
};

/// What the library's threads say; they may say it after we have gone.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    bool gathered = false;
    bool failed = false;
    std::optional<std::string> first;  ///< event on the channel

    template <typename Change>
    void tell(Change change) {
        {
            const std::scoped_lock lock(mutex);
            change();
        }
        changed.notify_all();
    }

    bool wait(base::Duration longest, const auto& holds) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, longest, holds);
    }
};

rtc::Configuration configuration_of(const std::vector<IceServer>& servers) {
    rtc::Configuration configuration;
    configuration.disableAutoNegotiation = true;
    for (const IceServer& one : servers) {
        if (one.url.tcp || one.url.secure) continue;  // the library has UDP alone
        if (one.url.relays) configuration.iceServers.emplace_back(one.url.host, one.url.port, one.username, one.password);
        else configuration.iceServers.emplace_back(one.url.host, one.url.port);
    }
    return configuration;
}

/// Hangs up, and takes no more calls back, however the attempt ended.
struct Attempt {
    std::shared_ptr<Heard> heard = std::make_shared<Heard>();
    std::shared_ptr<rtc::PeerConnection> connection;
    std::shared_ptr<rtc::Track> track;
    std::shared_ptr<rtc::DataChannel> channel;

    explicit Attempt(const std::vector<IceServer>& servers)
        : connection(std::make_shared<rtc::PeerConnection>(configuration_of(servers))) {
        connection->onGatheringStateChange([heard = heard](rtc::PeerConnection::GatheringState state) {
            if (state == rtc::PeerConnection::GatheringState::Complete) heard->tell([&] { heard->gathered = true; });
        });
        connection->onStateChange([heard = heard](rtc::PeerConnection::State state) {
            if (state == rtc::PeerConnection::State::Failed) heard->tell([&] { heard->failed = true; });
        });
        rtc::Description::Audio audio("0", rtc::Description::Direction::SendRecv);
        audio.addOpusCodec(kOpus);
        audio.addSSRC(kSsrc, "antiphon-check");
        track = connection->addTrack(std::move(audio));
        channel = connection->createDataChannel("oai-events");
        channel->onMessage([heard = heard](const rtc::message_variant& message) {
            const auto* text = std::get_if<std::string>(&message);
            if (text != nullptr) heard->tell([&] { heard->first = heard->first.value_or(*text); });
        });
    }

    ~Attempt() {
        channel->resetCallbacks();
        connection->resetCallbacks();
        connection->close();
    }

    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
};

base::Result<std::string> try_it(const std::string& calls_url, const std::vector<IceServer>& servers,
                                 const edge::TlsTrust& trust, std::chrono::seconds limit) {
    Attempt attempt(servers);
    Heard& heard = *attempt.heard;
    attempt.connection->setLocalDescription(rtc::Description::Type::Offer);
    heard.wait(kGathering, [&] { return heard.gathered; });
    const auto offer = attempt.connection->localDescription();
    if (!offer) return base::error(base::Errc::unavailable, "no offer can be made");

    const auto answer = http_post(calls_url, "application/sdp", std::string(*offer), trust, limit);
    if (!answer) return base::error(base::Errc::unsupported, answer.error().text);
    if (answer->status != 201)
        return base::error(base::Errc::unsupported,
                           "it answered " + std::to_string(answer->status) + ": " + refusal_text(answer->body));
    attempt.connection->setRemoteDescription(rtc::Description(answer->body, rtc::Description::Type::Answer));
    const bool came = heard.wait(limit, [&] { return heard.first || heard.failed; });
    const std::scoped_lock lock(heard.mutex);
    if (!came || !heard.first) return base::error(base::Errc::unavailable, "no way over UDP was found");
    return attempt.connection->remoteAddress().value_or("an address unknown");
}

}  // namespace

base::Result<std::string> try_webrtc(const std::string& calls_url, const std::vector<IceServer>& servers,
                                     const edge::TlsTrust& trust, std::chrono::seconds limit) {
    const CleanUp afterwards;
    try {
        return try_it(calls_url, servers, trust, limit);
    } catch (const std::exception& fault) {
        return base::error(base::Errc::unsupported, std::string("the answer cannot be used: ") + fault.what());
    }
}

}  // namespace antiphon::app
