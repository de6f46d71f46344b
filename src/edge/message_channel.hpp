// A two-way line of messages to one client: a WebSocket, later a WebRTC data channel. Text is the rule; sound may
// come and go as bytes.
//
// strand. Both sides live on the call's strand; a channel that lives on another one is reached by a bridge
// (edge/channel_bridge.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::edge {

/// Why a channel came to its end.
enum class ChannelEnd {
    closed_by_client,   ///< in order
    closed_by_server,   ///< close() was called
    vanished,           ///< the connection broke
    timed_out,          ///< nothing was heard from the client, not even answers to pings
    too_slow,           ///< the client did not read, and what waited for it reached its bound
    protocol_violated,  ///< the client sent what no WebSocket client may
    message_too_big,
    handshake_failed,
};

std::string_view name_of(ChannelEnd end) noexcept;

/// The side that uses a channel.
class ChannelUser {
public:
    virtual ~ChannelUser() = default;

    /// Once, before anything else: messages can be sent from now on.
    virtual void opened() = 0;
    /// One text message, well-formed UTF-8. The view is good until this returns.
    virtual void received(std::string_view message) = 0;
    /// One binary message, likewise.
    virtual void received_binary(std::span<const std::uint8_t> bytes) = 0;
    /// The last thing a channel says, exactly once, also when it never opened. Never called from within send()
    /// or close().
    virtual void ended(ChannelEnd end) = 0;
};

/// The close codes in use (RFC 6455, section 7.4.1, and the IANA registry).
enum class CloseCode { normal = 1000, policy_violation = 1008, service_restart = 1012 };

class MessageChannel {
public:
    virtual ~MessageChannel() = default;

    /// Lets one more message come; none is read without it, so that a user that is busy holds the client back.
    /// Call it once from opened() and once for each message.
    virtual void next() = 0;

    /// Sends the message, or queues it behind what is on its way. While more than half the bound waits, next() brings
    /// nothing, and a client that lets that last for five seconds is too slow; so is one for which more than the
    /// bound waits already: the channel then drops all of it, closes with 1008 and ends as too_slow. After the end
    /// messages are dropped.
    virtual void send(std::string message) = 0;
    /// The same for a binary message; both kinds stay in order.
    virtual void send_binary(std::span<const std::uint8_t> bytes) = 0;

    /// Closes in order if the client plays along, hard after two seconds if not.
    virtual void close(CloseCode code, std::string_view reason) = 0;
};

}  // namespace antiphon::edge
