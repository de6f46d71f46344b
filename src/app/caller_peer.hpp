// The terminal caller's end of a call over WebRTC (libdatachannel): it offers one line of sound and the data channel.
//
// thread-safe. What comes in waits, with the time of its arrival, until it is asked for; packets beyond 64 between two
// askings are lost (edge/packet_inbox.hpp).
#pragma once

#include "app/caller_connection.hpp"
#include "app/caller_ice.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/packet_inbox.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace antiphon::app {

/// Whoever makes peers holds one of these beyond the last: its end waits for the library's threads, so that none of
/// them still runs while the process ends. Nothing beside it may use the library.
struct WebRtcLibraryUse {
    WebRtcLibraryUse() = default;
    ~WebRtcLibraryUse();
    WebRtcLibraryUse(const WebRtcLibraryUse&) = delete;
    WebRtcLibraryUse& operator=(const WebRtcLibraryUse&) = delete;
};

class CallerPeer {
public:
    static constexpr std::uint8_t kOpus = 111;  ///< the payload type that is offered

    enum class State {
        connecting,
        open,  ///< for sound; the data channel opens at about the same time
        lost,  ///< failed, or closed by the other side: for good
    };

    /// Makes the offer. Blocks for at most `gathering`: servers that have not answered by then are not waited for.
    /// `unavailable` when none can be made.
    static base::Result<std::unique_ptr<CallerPeer>> make(const std::vector<IceServer>& servers,
                                                          base::Duration gathering);

    /// Closes the connection, without waiting for the other side.
    ~CallerPeer();
    CallerPeer(const CallerPeer&) = delete;
    CallerPeer& operator=(const CallerPeer&) = delete;

    const std::string& offer() const { return offer_; }
    std::uint32_t ssrc() const { return ssrc_; }

    /// The other side's answer. `invalid` for one that the library does not take.
    base::Result<void> answer(const std::string& description);

    /// One event; it waits until the channel is open. Goes nowhere once the connection is lost.
    void send(std::string event);
    /// One packet of RTP or RTCP; goes nowhere while the line is not open.
    void send_packet(std::span<const std::uint8_t> packet);

    /// The next event; none when there is none by `until`, or at once when the connection is lost.
    std::optional<CallerConnection::Message> receive(base::Time until);
    std::vector<edge::PacketInbox::Packet> packets();

    State state() const;
    /// Where the sound goes to; empty before it is known.
    std::string remote_address() const;

private:
    class Wire;

    CallerPeer(std::unique_ptr<Wire> wire, std::uint32_t ssrc);

    const std::unique_ptr<Wire> wire_;
    const std::uint32_t ssrc_;
    std::string offer_;
};

}  // namespace antiphon::app
