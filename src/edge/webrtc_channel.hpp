// The messages of a call over WebRTC: its data channel "oai-events".
//
// strand, but for the library's callbacks, which only hand over. SCTP keeps messages whole and in order and splits what
// is longer than a packet (RFC 8831). What the client takes in one message is bounded by its max-message-size:
// `too_long` says what goes in place of a longer one. SCTP has no way to hold a client back message by message, so what
// it sends before it is asked for waits here, up to the bound for what is sent; beyond that the channel ends as
// protocol_violated.
#pragma once

#include "base/strand.hpp"
#include "edge/hand_over.hpp"
#include "edge/message_channel.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rtc {
class DataChannel;
}

namespace antiphon::edge {

class WebRtcChannel final : public MessageChannel, public std::enable_shared_from_this<WebRtcChannel> {
public:
    static constexpr std::string_view kLabel = "oai-events";

    /// Makes the message that goes in place of one of `size` bytes, where no more than `limit` can be sent; empty for
    /// none.
    using TooLong = std::function<std::string(std::size_t size, std::size_t limit)>;

    /// The library does not say why a data channel was closed: by the client, or because its connection broke.
    using WhyClosed = std::function<ChannelEnd()>;

    /// `closing` is told once that the channel has come to its end: the connection is to be closed then.
    WebRtcChannel(std::shared_ptr<base::Strand> strand, std::size_t max_queued, TooLong too_long, WhyClosed why_closed,
                  std::function<void()> closing);
    ~WebRtcChannel() override;

    void use(std::shared_ptr<ChannelUser> user) { user_ = std::move(user); }

    /// Takes a new data channel of the library: what it says comes to this channel by `way`. To be called on the
    /// library's thread that tells of it, so that no message is lost; it keeps nothing of ours.
    using Connector = std::function<void(const std::shared_ptr<rtc::DataChannel>&)>;
    Connector connector(const std::shared_ptr<HandOver>& way);

    /// When something came from the client; the epoch before.
    base::Time heard_at() const { return heard_at_; }
    bool open() const { return open_; }

    /// The connection is gone, for this reason unless this side had another one. Tells the user, once.
    void end(ChannelEnd why);

    void next() override;
    void send(std::string message) override;
    void send_binary(std::span<const std::uint8_t> bytes) override;
    void close(CloseCode code, std::string_view reason) override;

private:
    struct Message {
        std::string bytes;
        bool binary = false;
    };
    /// What was handed over and not yet taken, so that a strand that is behind does not gather without bound.
    struct Inflow {
        std::atomic<std::size_t> bytes = 0;
        std::atomic<bool> connected = false;  ///< by the first data channel of that name; others are closed
    };

    static Message copy_of(const std::variant<std::vector<std::byte>, std::string>& given);
    void take(std::shared_ptr<rtc::DataChannel> channel);
    void take(Message message);
    void queue(Message message);
    void write();
    void deliver();
    void hold_back();
    std::size_t waiting() const;
    bool drained() const { return waiting() <= max_queued_ / 2; }
    void give_up(ChannelEnd why);

    const std::shared_ptr<base::Strand> strand_;
    const std::size_t max_queued_;
    const TooLong too_long_;
    const WhyClosed why_closed_;
    const std::shared_ptr<Inflow> inflow_ = std::make_shared<Inflow>();
    std::function<void()> closing_;
    std::shared_ptr<ChannelUser> user_;  ///< none after the end
    std::shared_ptr<rtc::DataChannel> channel_;
    bool open_ = false;
    std::optional<ChannelEnd> end_;  ///< why this side ends it
    base::Time heard_at_{};

    bool wanted_ = false;  ///< next() was called
    bool delivering_ = false;
    std::deque<Message> received_;
    std::size_t received_bytes_ = 0;

    bool holding_back_ = false;
    std::uint64_t patience_ = 0;  ///< counts the times of holding back
    std::deque<Message> to_send_;
    std::size_t to_send_bytes_ = 0;
};

}  // namespace antiphon::edge
