#include "edge/limited_user.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "edge/access_control.hpp"
#include "edge/event_map.hpp"
#include "protocol/encode.hpp"

#include <span>
#include <string_view>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr double kBytesPerSecond = 48'000;  ///< of 24 kHz PCM; a second of a coarser encoding counts for less
constexpr std::string_view kAppend = "\"input_audio_buffer.append\"";

/// Sound in an event is base64, three bytes in four, and all but all of the message.
double sound_in(std::string_view message) {
    if (message.find(kAppend) == std::string_view::npos) return 0;
    return static_cast<double>(message.size()) * 0.75 / kBytesPerSecond;
}

class LimitedUser final : public ChannelUser {
public:
    LimitedUser(const MessageLimits& limits, base::Metrics& metrics, std::shared_ptr<MessageChannel> channel,
                std::shared_ptr<base::Strand> strand, std::shared_ptr<ChannelUser> user)
        : limits_(limits), metrics_(metrics), channel_(std::move(channel)), strand_(std::move(strand)),
          user_(std::move(user)) {}

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
        const auto verdict = limits_.next(sound, strand_->now());
        if (verdict == MessageLimits::Verdict::take) return true;
        const std::string limit = limits_.key_exceeded() ? "key" : "connection";
        metrics_
            .counter("antiphon_dropped_messages_total", "Clients' messages that came faster than a limit allows, by its kind",
                     {{"limit", limit}})
            .Increment();
        if (verdict == MessageLimits::Verdict::close) {
            base::log::warning("call.too_fast", {{"what", "the client was told, and went on"}, {"limit", limit}});
            channel_->close(CloseCode::policy_violation, "rate_limit_exceeded");
            return false;
        }
        if (verdict == MessageLimits::Verdict::drop_and_say) say();
        channel_->next();
        return false;
    }

    void say() {
        const char* what = limits_.key_exceeded()
                               ? "all calls of this key together send events or sound faster than this server takes them "
                                 "from one key; what comes now is dropped"
                               : "events or sound come faster than this server takes them from one client; what comes now "
                                 "is dropped";
        const protocol::Refusal refusal{"rate_limit_exceeded", base::error(base::Errc::overloaded, what), ""};
        channel_->send(protocol::encode(to_wire(refusal), base::random_id("event_"), protocol::Dialect::ga));
    }

    MessageLimits limits_;
    base::Metrics& metrics_;
    std::shared_ptr<MessageChannel> channel_;  ///< as its user, until its end
    const std::shared_ptr<base::Strand> strand_;
    std::shared_ptr<ChannelUser> user_;
};

}  // namespace

std::shared_ptr<ChannelUser> limit_messages(const MessageLimits& limits, base::Metrics& metrics,
                                            std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                            std::shared_ptr<ChannelUser> user) {
    if (!limits.any()) return user;
    return std::make_shared<LimitedUser>(limits, metrics, std::move(channel), std::move(strand), std::move(user));
}

std::shared_ptr<ChannelUser> limit_messages(const Services& services, const std::string& key,
                                            std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                            std::shared_ptr<ChannelUser> user) {
    if (services.access == nullptr) return user;
    const MessageLimits limits(services.access->rules()->messages, services.access->join_key(key, strand->now()));
    return limit_messages(limits, services.metrics, std::move(channel), std::move(strand), std::move(user));
}

}  // namespace antiphon::edge
