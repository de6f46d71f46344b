// One client over WebRTC: a connection of the library with one track of sound and at most one data channel.
//
// strand, but for what is said to be thread-safe. The stack keeps it from open() to its end, which comes when the
// connection is lost, when the client does not connect in time or is not heard of for WebRtcSettings::idle_timeout (one
// that sends nothing by itself is asked), and
// when its users close the channel or the line; all of them learn of it. The library's connection is destroyed by the
// stack, never here.
#pragma once

#include "base/result.hpp"
#include "edge/hand_over.hpp"
#include "edge/packet_inbox.hpp"
#include "edge/sdp_offer.hpp"
#include "edge/webrtc_channel.hpp"
#include "edge/webrtc_line.hpp"
#include "edge/webrtc_stack.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace rtc {
class DataChannel;
class PeerConnection;
class Track;
}  // namespace rtc

namespace antiphon::edge {

class WebRtcPeer final : public std::enable_shared_from_this<WebRtcPeer> {
public:
    /// `max_queued` bytes may wait for a client that does not read. `engine` when there is no Opus. The stack must
    /// outlive the peer. thread-safe.
    static base::Result<std::shared_ptr<WebRtcPeer>> make(WebRtcStack& stack, std::shared_ptr<base::Strand> strand,
                                                          SdpOffer offer, std::size_t max_queued);
    ~WebRtcPeer();

    /// Null when the client offered none.
    const std::shared_ptr<WebRtcChannel>& channel() const { return channel_; }
    const std::shared_ptr<WebRtcLine>& line() const { return line_; }

    /// Gets the connection ready and tells `answered` the SDP answer, on the strand; once. `overloaded` when too many
    /// are being opened or no port is free, `unavailable` when the server ends, `invalid` when the library does not
    /// take the offer. After a failure the peer has ended.
    void open(std::function<void(base::Result<std::string>)> answered);

    /// Ends it; safe at any time, and twice.
    void close() { end(ChannelEnd::closed_by_server); }

private:
    struct Opened;
    /// Counts beats of the clock until the strand takes them.
    struct Beats {
        std::atomic<int> owed = 0;
    };

    WebRtcPeer(WebRtcStack& stack, std::shared_ptr<base::Strand> strand, SdpOffer offer);
    base::Result<void> make_line();

    /// On the stack's thread.
    base::Result<Opened> connect();
    void opened(Opened opened, const std::function<void(base::Result<std::string>)>& answered);
    void track_opened();
    /// When the client was last heard of.
    base::Time heard_at() const;
    /// Of a client that is silent, whether it is there: it must answer the opening of a data channel (RFC 8832, 6),
    /// which is closed again.
    void ask();
    void question_over(bool answered);
    /// The library says that the connection has ended, but not by whom.
    ChannelEnd why_closed() const;
    void beat(int beats);
    void end(ChannelEnd why);

    WebRtcStack& stack_;
    const std::shared_ptr<base::Strand> strand_;
    const std::shared_ptr<HandOver> way_;
    const SdpOffer offer_;
    const std::uint32_t ssrc_;
    const std::string cname_;
    const std::shared_ptr<PacketInbox> inbox_ = std::make_shared<PacketInbox>();
    const std::shared_ptr<Beats> beats_ = std::make_shared<Beats>();
    /// Where the sender's packets go: empty before the track is open and after the end.
    struct Outlet;
    const std::shared_ptr<Outlet> outlet_;
    std::shared_ptr<WebRtcChannel> channel_;
    std::shared_ptr<SoundSender> sender_;
    std::shared_ptr<WebRtcLine> line_;
    std::shared_ptr<rtc::PeerConnection> connection_;
    std::shared_ptr<rtc::Track> track_;
    std::shared_ptr<rtc::DataChannel> question_;  ///< while it is not answered
    base::Time answered_at_{};
    bool ended_ = false;
    bool told_ = false;  ///< its users know that it has ended
    base::Time opened_at_{};
    base::Time connected_at_{};
};

}  // namespace antiphon::edge
