#include "edge/limited_user.hpp"

#include "fakes/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Channel final : public MessageChannel {
public:
    void next() override { ++wanted; }
    void send(std::string message) override { sent.push_back(std::move(message)); }
    void send_binary(std::span<const std::uint8_t>) override {}
    void close(CloseCode code, std::string_view) override { closed = static_cast<int>(code); }
    int wanted = 0;
    int closed = 0;
    std::vector<std::string> sent;
};

class User final : public ChannelUser {
public:
    void opened() override { ++opens; }
    void received(std::string_view) override { ++texts; }
    void received_binary(std::span<const std::uint8_t>) override { ++binaries; }
    void ended(ChannelEnd end) override { ends.push_back(end); }
    int opens = 0;
    int texts = 0;
    int binaries = 0;
    std::vector<ChannelEnd> ends;
};

class LimitedUser : public ::testing::Test {
protected:
    std::shared_ptr<ChannelUser> limited(const MessageLimitSettings& settings, std::shared_ptr<KeyMessages::Share> key = nullptr) {
        return limit_messages(MessageLimits(settings, std::move(key)), metrics, channel, strand, user);
    }
    base::Metrics metrics;
    std::shared_ptr<Channel> channel = std::make_shared<Channel>();
    std::shared_ptr<User> user = std::make_shared<User>();
    fakes::Simulation simulation;
    std::shared_ptr<base::Strand> strand = simulation.strand();
};

TEST_F(LimitedUser, ThatIsNotLimitedIsTheUserItself) {
    EXPECT_EQ(limited({.events_per_second = 0, .sound_speed = 0, .sound_ahead = 1}), user);
}

TEST_F(LimitedUser, PassesOnWhatComesInTime) {
    const auto one = limited({});
    one->opened();
    one->received("{}");
    one->received_binary({});
    one->ended(ChannelEnd::vanished);
    EXPECT_EQ(user->opens, 1);
    EXPECT_EQ(user->texts, 1);
    EXPECT_EQ(user->binaries, 1);
    EXPECT_EQ(user->ends, std::vector{ChannelEnd::vanished});
    EXPECT_EQ(channel->wanted, 0) << "who has the message asks for the next";
}

TEST_F(LimitedUser, IsToldAndThenClosed) {
    simulation.run_for(seconds(1));
    const auto one = limited({.events_per_second = 1, .sound_speed = 0, .sound_ahead = 1});
    for (int i = 0; i < 12; ++i) one->received("{}");
    EXPECT_EQ(user->texts, 10);
    EXPECT_EQ(channel->wanted, 2) << "what is dropped makes room for the next";
    ASSERT_EQ(channel->sent.size(), 1U);
    EXPECT_THAT(channel->sent.front(), HasSubstr("\"type\":\"error\""));
    EXPECT_THAT(channel->sent.front(), AllOf(HasSubstr("rate_limit_exceeded"), HasSubstr("from one client")));
    for (int i = 0; i < 20 && channel->closed == 0; ++i) one->received("{}");
    EXPECT_EQ(channel->closed, 1008);
    EXPECT_EQ(user->texts, 10);
    one->ended(ChannelEnd::closed_by_server);
    EXPECT_EQ(user->ends, std::vector{ChannelEnd::closed_by_server});
    EXPECT_THAT(metrics.text(), HasSubstr("antiphon_dropped_messages_total{limit=\"connection\"} 11\n"));
}

TEST_F(LimitedUser, IsToldThatItIsTheKeysLimit) {
    simulation.run_for(seconds(1));
    const MessageLimitSettings settings{
        .events_per_second = 0, .sound_speed = 0, .sound_ahead = 1, .events_per_key = 0, .sound_per_key = 1};
    KeyMessages keys(rates_of_key(settings));
    const auto elsewhere = keys.join("shop", strand->now());
    EXPECT_TRUE(elsewhere->take(59, strand->now()));
    const auto one = limited(settings, keys.join("shop", strand->now()));
    const std::vector<std::uint8_t> second(48'000);
    one->received_binary(second);
    one->received_binary(second);
    EXPECT_EQ(user->binaries, 1);
    ASSERT_EQ(channel->sent.size(), 1U);
    EXPECT_THAT(channel->sent.front(), AllOf(HasSubstr("rate_limit_exceeded"), HasSubstr("all calls of this key together")));
    for (int i = 0; i < 3; ++i) {
        simulation.run_for(seconds(1));
        EXPECT_TRUE(elsewhere->take(1, strand->now())) << "the others use up what comes in";
        EXPECT_EQ(channel->closed, 0);
        one->received_binary(second);
    }
    EXPECT_EQ(channel->sent.size(), 3U);
    EXPECT_EQ(channel->closed, 1008);
    EXPECT_EQ(user->binaries, 1);
    EXPECT_THAT(metrics.text(), HasSubstr("antiphon_dropped_messages_total{limit=\"key\"} 4\n"));
}

TEST_F(LimitedUser, LeavesItsKeyWithItsEnd) {
    KeyMessages keys({});
    auto one = limited({}, keys.join("shop", strand->now()));
    one->ended(ChannelEnd::vanished);
    one.reset();
    std::vector<std::shared_ptr<KeyMessages::Share>> others;
    for (int i = 0; i < 1'024; ++i) others.push_back(keys.join(std::to_string(i), strand->now()));
    EXPECT_EQ(keys.counted(), 1'024U);
}

TEST_F(LimitedUser, SoundCountsInBothForms) {
    simulation.run_for(seconds(1));
    const MessageLimitSettings one_second{.events_per_second = 0, .sound_speed = 1, .sound_ahead = 1};
    const auto binary = limited(one_second);
    const std::vector<std::uint8_t> half(24'000);
    for (int i = 0; i < 3; ++i) binary->received_binary(half);
    EXPECT_EQ(user->binaries, 2);
    const auto text = limited(one_second);
    const std::string append = R"({"type":"input_audio_buffer.append","audio":")" + std::string(31'000, 'A') + "\"}";
    for (int i = 0; i < 3; ++i) text->received(append);
    EXPECT_EQ(user->texts, 2);
    for (int i = 0; i < 3; ++i) text->received(R"({"type":"conversation.item.create","text":")" + std::string(90'000, 'A') + "\"}");
    EXPECT_EQ(user->texts, 5) << "what is no sound is not counted as such";
}

}  // namespace
}  // namespace antiphon::edge
