#include "edge/channel_bridge.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

/// The channel as its user sees it, on the user's strand.
class NearChannel final : public MessageChannel {
public:
    NearChannel(std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand)
        : channel_(std::move(channel)), strand_(std::move(strand)) {}

    void next() override {
        strand_->post([channel = channel_] { channel->next(); });
    }
    void send(std::string message) override {
        strand_->post([channel = channel_, message = std::move(message)]() mutable { channel->send(std::move(message)); });
    }
    void send_binary(std::span<const std::uint8_t> bytes) override {
        strand_->post([channel = channel_, copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())] {
            channel->send_binary(copy);
        });
    }
    void close(CloseCode code, std::string_view reason) override {
        strand_->post([channel = channel_, code, why = std::string(reason)] { channel->close(code, why); });
    }

private:
    const std::shared_ptr<MessageChannel> channel_;
    const std::shared_ptr<base::Strand> strand_;
};

/// The user as the channel sees it, on the channel's strand.
class FarUser final : public ChannelUser {
public:
    FarUser(std::shared_ptr<base::Strand> strand, std::function<std::shared_ptr<ChannelUser>()> make)
        : strand_(std::move(strand)), user_(std::make_shared<std::shared_ptr<ChannelUser>>()) {
        strand_->post([user = user_, make = std::move(make)] { *user = make(); });
    }

    void opened() override {
        strand_->post([user = user_] { (*user)->opened(); });
    }
    void received(std::string_view message) override {
        strand_->post([user = user_, copy = std::string(message)] { (*user)->received(copy); });
    }
    void received_binary(std::span<const std::uint8_t> bytes) override {
        strand_->post([user = user_, copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())] {
            (*user)->received_binary(copy);
        });
    }
    void ended(ChannelEnd end) override {
        strand_->post([user = user_, end] { std::exchange(*user, nullptr)->ended(end); });
    }

private:
    const std::shared_ptr<base::Strand> strand_;
    const std::shared_ptr<std::shared_ptr<ChannelUser>> user_;  ///< what it points to is touched on the strand only
};

}  // namespace

std::shared_ptr<ChannelUser> bridge_channel(
    std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> channel_strand,
    std::shared_ptr<base::Strand> user_strand,
    std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)> make_user) {
    auto near = std::make_shared<NearChannel>(std::move(channel), std::move(channel_strand));
    return std::make_shared<FarUser>(std::move(user_strand),
                                     [near = std::move(near), make_user = std::move(make_user)] { return make_user(near); });
}

}  // namespace antiphon::edge
