// The client's end of one call over WebRTC: an offer by libdatachannel, one POST, then packets both ways.
//
// thread-safe. What comes is told on the library's threads. Failures of the set-up throw std::runtime_error with a
// sentence.
#pragma once

#include "base/clock.hpp"
#include "bench/udp_ways.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_reception.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rtc {
class DataChannel;
class PeerConnection;
class Track;
}  // namespace rtc

namespace antiphon::bench {

/// What a server answered to one request on a connection of its own.
struct HttpAnswer {
    int status = 0;
    std::string location;
    std::string body;
};
HttpAnswer post(const std::string& host, std::uint16_t port, std::string_view target, std::string_view type, std::string_view body);

class RtcCall {
public:
    struct Events {
        std::function<void()> open;  ///< sound may be sent
        std::function<void(std::string_view)> message;
        std::function<void(std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload, base::Time arrived)> sound;
        std::function<void(const std::string& why)> ended;
    };

    RtcCall(std::uint32_t ssrc, Events events);
    /// No event after this.
    ~RtcCall();
    RtcCall(const RtcCall&) = delete;
    RtcCall& operator=(const RtcCall&) = delete;

    /// Makes the offer (so that its keys are there), posts it, and takes the answer; by `ways` if there are any.
    /// Returns how long it took from before the connection to the server until the whole answer was there.
    base::Duration call(const std::string& host, std::uint16_t port, UdpWays* ways);

    /// The next packet, 20 ms after the one before. `talk_begins`: the marker bit.
    void send_sound(std::span<const std::uint8_t> opus, bool talk_begins);
    /// 20 ms without a packet.
    void skip_sound();
    void send_event(const std::string& event);
    /// What has come so far, as every client tells it (RFC 3550, 6.4.2).
    void send_report();
    void close();

    const std::shared_ptr<UdpWays::Way>& way() const { return way_; }
    static constexpr std::uint8_t kOpus = 111;

private:
    void take_packet(std::span<const std::uint8_t> bytes, base::Time arrived);

    const std::uint32_t ssrc_;
    const Events events_;
    std::shared_ptr<rtc::PeerConnection> connection_;
    std::shared_ptr<rtc::Track> track_;
    std::shared_ptr<rtc::DataChannel> channel_;
    std::shared_ptr<UdpWays::Way> way_;
    std::uint16_t sequence_ = 1;
    std::uint32_t timestamp_ = 0;
    std::mutex mutex_;
    std::optional<edge::RtpReception> reception_;
};

}  // namespace antiphon::bench
