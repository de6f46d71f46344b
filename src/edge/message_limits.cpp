#include "edge/message_limits.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "edge/event_map.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr int kSecondsOfEvents = 10;  ///< that may come at once
constexpr std::chrono::seconds kSayEach{1};
constexpr std::chrono::seconds kForgiveAfter{10};
constexpr int kMostSayings = 3;
constexpr double kBytesPerSecond = 48'000;  ///< of 24 kHz PCM; a second of a coarser encoding counts for less
constexpr std::string_view kAppend = "\"input_audio_buffer.append\"";

/// Sound in an event is base64, three bytes in four, and all but all of the message.
double sound_in(std::string_view message) {
    if (message.find(kAppend) == std::string_view::npos) return 0;
    return static_cast<double>(message.size()) * 0.75 / kBytesPerSecond;
}

class LimitedUser final : public ChannelUser {
public:
    LimitedUser(const MessageLimitSettings& settings, std::shared_ptr<MessageChannel> channel,
                std::shared_ptr<base::Strand> strand, std::shared_ptr<ChannelUser> user)
        : limits_(settings), channel_(std::move(channel)), strand_(std::move(strand)), user_(std::move(user)) {}

    void opened() override { user_->opened(); }
    void received(std::string_view message) override {
        if (may_pass(sound_in(message))) user_->received(message);
    }
    void received_binary(std::span<const std::uint8_t> bytes) override {
        if (may_pass(static_cast<double>(bytes.size()) / kBytesPerSecond)) user_->received_binary(bytes);
    }
    void ended(ChannelEnd end) override {
        channel_.reset();
        std::exchange(user_, nullptr)->ended(end);
    }

private:
    bool may_pass(double sound) {
        switch (limits_.next(sound, strand_->now())) {
            case MessageLimits::Verdict::take: return true;
            case MessageLimits::Verdict::close:
                base::log::warning("call.too_fast", {{"what", "the client was told, and went on"}});
                channel_->close(CloseCode::policy_violation, "rate_limit_exceeded");
                return false;
            case MessageLimits::Verdict::drop_and_say: {
                const protocol::Refusal refusal{
                    "rate_limit_exceeded",
                    base::error(base::Errc::overloaded, "events or sound come faster than this server takes them from "
                                                        "one client; what comes now is dropped"),
                    ""};
                channel_->send(protocol::encode(to_wire(refusal), base::random_id("event_"), protocol::Dialect::ga));
                break;
            }
            case MessageLimits::Verdict::drop: break;
        }
        channel_->next();
        return false;
    }

    MessageLimits limits_;
    std::shared_ptr<MessageChannel> channel_;  ///< as its user, until its end
    const std::shared_ptr<base::Strand> strand_;
    std::shared_ptr<ChannelUser> user_;
};

}  // namespace

MessageLimits::Verdict MessageLimits::next(double sound, base::Time now) {
    const double passed = at_ == base::Time{} ? 0 : base::seconds(now - at_);
    at_ = now;
    events_.used = std::max(0.0, events_.used - passed * settings_.events_per_second);
    sound_.used = std::max(0.0, sound_.used - passed * settings_.sound_speed);
    const double store = static_cast<double>(settings_.events_per_second) * kSecondsOfEvents;
    const bool taken = (settings_.events_per_second == 0 || events_.take(1, store)) &&
                       (settings_.sound_speed == 0 || sound_.take(sound, settings_.sound_ahead));
    if (taken) return Verdict::take;
    if (now - dropped_at_ >= kForgiveAfter) {
        said_ = 0;
        dropped_ = 0;
    }
    dropped_at_ = now;
    ++dropped_;
    const bool enough = store > 0 && static_cast<double>(dropped_) > store;
    if (said_ > 0 && now - said_at_ < kSayEach) return enough ? Verdict::close : Verdict::drop;
    if (enough || said_ == kMostSayings) return Verdict::close;
    ++said_;
    said_at_ = now;
    return Verdict::drop_and_say;
}

std::shared_ptr<ChannelUser> limit_messages(const MessageLimitSettings& settings, std::shared_ptr<MessageChannel> channel,
                                            std::shared_ptr<base::Strand> strand, std::shared_ptr<ChannelUser> user) {
    if (settings.events_per_second == 0 && settings.sound_speed == 0) return user;
    return std::make_shared<LimitedUser>(settings, std::move(channel), std::move(strand), std::move(user));
}

}  // namespace antiphon::edge
