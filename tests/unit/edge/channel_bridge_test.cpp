// A channel and its user on two strands, each run by hand.
#include "edge/channel_bridge.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

struct HandStrand final : base::Strand {
    void post(Task task) override { tasks.push_back(std::move(task)); }
    void post_at(base::Time, Task task) override { post(std::move(task)); }
    base::Time now() const override { return {}; }
    void run() {
        while (!tasks.empty()) {
            const Task task = std::move(tasks.front());
            tasks.pop_front();
            task();
        }
    }
    std::deque<Task> tasks;
};

struct Recorder final : MessageChannel {
    void next() override { said += "next "; }
    void send(std::string message) override { said += message + " "; }
    void send_binary(std::span<const std::uint8_t> bytes) override { said += std::to_string(bytes.size()) + "b "; }
    void close(CloseCode code, std::string_view why) override {
        said += "close" + std::to_string(static_cast<int>(code)) + std::string(why);
    }
    std::string said;
};

struct User final : ChannelUser {
    explicit User(std::shared_ptr<MessageChannel> way) : channel(std::move(way)) {}
    void opened() override { heard += "opened "; channel->next(); }
    void received(std::string_view message) override { heard += std::string(message) + " "; }
    void received_binary(std::span<const std::uint8_t> bytes) override { heard += std::to_string(bytes.size()) + "b "; }
    void ended(ChannelEnd end) override { heard += name_of(end); }
    std::shared_ptr<MessageChannel> channel;
    std::string heard;
};

class ChannelBridge : public testing::Test {
protected:
    std::shared_ptr<HandStrand> far = std::make_shared<HandStrand>();
    std::shared_ptr<HandStrand> near = std::make_shared<HandStrand>();
    std::shared_ptr<Recorder> channel = std::make_shared<Recorder>();
    std::shared_ptr<User> user;
    std::shared_ptr<ChannelUser> bridge = bridge_channel(channel, far, near, [this](std::shared_ptr<MessageChannel> way) {
        return user = std::make_shared<User>(std::move(way));
    });
};

TEST_F(ChannelBridge, carries_everything_in_order_and_only_by_posts) {
    bridge->opened();
    bridge->received(std::string("one"));
    bridge->received_binary(std::vector<std::uint8_t>(3));
    EXPECT_EQ(user, nullptr) << "the user is made on its own strand";
    near->run();
    EXPECT_EQ(user->heard, "opened one 3b ");
    EXPECT_EQ(channel->said, "");
    far->run();
    EXPECT_EQ(channel->said, "next ");
    user->channel->send("two");
    user->channel->send_binary(std::vector<std::uint8_t>(4));
    user->channel->close(CloseCode::policy_violation, "taken over");
    EXPECT_EQ(channel->said, "next ");
    far->run();
    EXPECT_EQ(channel->said, "next two 4b close1008taken over");
}

TEST_F(ChannelBridge, lets_go_of_the_user_after_the_end) {
    bridge->ended(ChannelEnd::vanished);
    near->run();
    EXPECT_EQ(user->heard, "vanished");
    EXPECT_EQ(user.use_count(), 1);
    user->channel->send("late");
    far->run();
    EXPECT_EQ(channel->said, "late ") << "the channel drops it by itself";
    bridge.reset();
    EXPECT_EQ(channel.use_count(), 2) << "only the user's way holds it still";
}

}  // namespace
}  // namespace antiphon::edge
