#include "edge/webrtc_channel.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"

#include <rtc/datachannel.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace antiphon::edge {
namespace {

/// What the library may hold on top of what SCTP does: enough to keep it busy until it asks for more.
constexpr std::size_t kWithLibrary = 64U << 10U;
constexpr std::chrono::seconds kReadPatience{5};
/// Of a message in the queues, on top of its bytes: many tiny ones are not free.
constexpr std::size_t kOverhead = 64;

std::size_t cost(const std::string& bytes) { return bytes.size() + kOverhead; }

}  // namespace

WebRtcChannel::WebRtcChannel(std::shared_ptr<base::Strand> strand, std::size_t max_queued, TooLong too_long,
                             WhyClosed why_closed, std::function<void()> closing)
    : strand_(std::move(strand)),
      max_queued_(max_queued),
      too_long_(std::move(too_long)),
      why_closed_(std::move(why_closed)),
      closing_(std::move(closing)) {}

WebRtcChannel::~WebRtcChannel() = default;

WebRtcChannel::Connector WebRtcChannel::connector(const std::shared_ptr<HandOver>& way) {
    const auto on_strand = [way, weak = weak_from_this()](auto run) {
        way->post([weak, run = std::move(run)]() mutable {
            if (const auto self = weak.lock()) run(*self);
        });
    };
    return [on_strand, inflow = inflow_, bound = max_queued_](const std::shared_ptr<rtc::DataChannel>& channel) {
        if (channel->label() != kLabel || inflow->connected.exchange(true)) {
            base::log::debug("webrtc.channel_refused", {{"label", channel->label()}});
            // Not from within the library's callback, in which the channel is still being opened.
            return on_strand([channel](WebRtcChannel&) { channel->close(); });
        }
        channel->onMessage([on_strand, inflow, bound](const rtc::message_variant& given) {
            Message message = copy_of(given);
            const std::size_t size = cost(message.bytes);
            if (inflow->bytes.fetch_add(size) > bound) {
                inflow->bytes -= size;
                return on_strand([](WebRtcChannel& self) { self.give_up(ChannelEnd::protocol_violated); });
            }
            on_strand([message = std::move(message)](WebRtcChannel& self) mutable { self.take(std::move(message)); });
        });
        channel->onClosed([on_strand] { on_strand([](WebRtcChannel& self) { self.end(self.why_closed_()); }); });
        channel->setBufferedAmountLowThreshold(kWithLibrary / 2);
        channel->onBufferedAmountLow([on_strand] { on_strand([](WebRtcChannel& self) { self.write(); }); });
        on_strand([channel](WebRtcChannel& self) { self.take(channel); });
    };
}

WebRtcChannel::Message WebRtcChannel::copy_of(const rtc::message_variant& given) {
    if (const auto* text = std::get_if<std::string>(&given)) return {*text, false};
    const auto& bytes = std::get<rtc::binary>(given);
    return {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, true};
}

void WebRtcChannel::take(std::shared_ptr<rtc::DataChannel> channel) {
    if (end_ || !user_) return;
    channel_ = std::move(channel);
    open_ = true;
    heard_at_ = strand_->now();
    const auto user = user_;
    user->opened();
}

void WebRtcChannel::take(Message message) {
    inflow_->bytes -= cost(message.bytes);
    heard_at_ = strand_->now();
    if (!user_ || end_) return;
    if (!message.binary && !base::is_utf8(message.bytes)) return give_up(ChannelEnd::protocol_violated);
    received_bytes_ += cost(message.bytes);
    received_.push_back(std::move(message));
    if (received_bytes_ > max_queued_) return give_up(ChannelEnd::protocol_violated);
    deliver();
}

void WebRtcChannel::next() {
    wanted_ = true;
    if (!open_ || delivering_ || received_.empty()) return;
    // Not from within: the user may ask in the midst of its work.
    strand_->post([self = shared_from_this()] { self->deliver(); });
}

void WebRtcChannel::deliver() {
    if (!open_ || !wanted_ || received_.empty() || !user_) return;
    if (!drained()) return hold_back();
    wanted_ = false;
    const Message message = std::move(received_.front());
    received_.pop_front();
    received_bytes_ -= cost(message.bytes);
    const auto user = user_;
    delivering_ = true;
    if (message.binary)
        user->received_binary({reinterpret_cast<const std::uint8_t*>(message.bytes.data()), message.bytes.size()});
    else
        user->received(message.bytes);
    delivering_ = false;
    if (wanted_ && !received_.empty()) strand_->post([self = shared_from_this()] { self->deliver(); });
}

void WebRtcChannel::hold_back() {
    if (std::exchange(holding_back_, true)) return;
    strand_->post_at(strand_->now() + kReadPatience, [weak = weak_from_this(), number = ++patience_] {
        const auto self = weak.lock();
        if (self && self->holding_back_ && self->patience_ == number) self->give_up(ChannelEnd::too_slow);
    });
}

void WebRtcChannel::send(std::string message) { queue({std::move(message), false}); }

void WebRtcChannel::send_binary(std::span<const std::uint8_t> bytes) { queue({{bytes.begin(), bytes.end()}, true}); }

void WebRtcChannel::queue(Message message) {
    if (!open_ || end_) return;
    if (waiting() > max_queued_) return give_up(ChannelEnd::too_slow);
    if (const std::size_t limit = channel_->maxMessageSize(); message.bytes.size() > limit) {
        base::log::warning("webrtc.message_too_long", {{"bytes", message.bytes.size()}, {"limit", limit}});
        message = {too_long_(message.bytes.size(), limit), false};
        if (message.bytes.empty() || message.bytes.size() > limit) return;
    }
    to_send_bytes_ += cost(message.bytes);
    to_send_.push_back(std::move(message));
    write();
}

void WebRtcChannel::write() {
    try {
        while (channel_ && !to_send_.empty() && channel_->bufferedAmount() < kWithLibrary) {
            Message message = std::move(to_send_.front());
            to_send_.pop_front();
            to_send_bytes_ -= cost(message.bytes);
            if (message.binary)
                channel_->send(reinterpret_cast<const rtc::byte*>(message.bytes.data()), message.bytes.size());
            else
                channel_->send(std::move(message.bytes));
        }
    } catch (const std::exception& failure) {
        // It was closed meanwhile, which is told by itself.
        base::log::debug("webrtc.not_sent", {{"because", failure.what()}});
        to_send_.clear();
        to_send_bytes_ = 0;
    }
    if (holding_back_ && drained()) {
        holding_back_ = false;
        deliver();
    }
}

std::size_t WebRtcChannel::waiting() const { return to_send_bytes_ + (channel_ ? channel_->bufferedAmount() : 0); }

void WebRtcChannel::close(CloseCode, std::string_view) {
    if (end_) return;
    // What waits goes to the library, which sends it before it closes.
    while (channel_ && !to_send_.empty()) {
        const Message message = std::move(to_send_.front());
        to_send_.pop_front();
        try {
            if (message.binary)
                channel_->send(reinterpret_cast<const rtc::byte*>(message.bytes.data()), message.bytes.size());
            else
                channel_->send(message.bytes);
        } catch (const std::exception&) {
            break;
        }
    }
    give_up(ChannelEnd::closed_by_server);
}

void WebRtcChannel::give_up(ChannelEnd why) {
    if (end_) return;
    end_ = why;
    open_ = false;
    to_send_.clear();
    received_.clear();
    to_send_bytes_ = received_bytes_ = 0;
    strand_->post([self = shared_from_this(), why] { self->end(why); });
}

void WebRtcChannel::end(ChannelEnd why) {
    open_ = false;
    channel_.reset();
    if (const auto user = std::exchange(user_, nullptr)) user->ended(end_.value_or(why));
    if (const auto closing = std::exchange(closing_, nullptr)) closing();
}

}  // namespace antiphon::edge
