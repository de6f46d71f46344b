#include "edge/message_limits.hpp"

#include "fakes/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Verdict = MessageLimits::Verdict;

constexpr base::Time kStart{seconds(1'000)};

TEST(MessageLimits, AMicrophoneIsNeverNear) {
    MessageLimits limits({});
    base::Time now = kStart;
    // Two hours of 10 ms pieces, five times as fast as anybody speaks.
    for (int i = 0; i < 720'000; ++i) {
        EXPECT_EQ(limits.next(0.01, now), Verdict::take);
        now += milliseconds(2);
    }
}

TEST(MessageLimits, ARecordingMayComeAtOnce) {
    MessageLimits limits({});
    for (int i = 0; i < 599; ++i) EXPECT_EQ(limits.next(1, kStart), Verdict::take) << i;
}

TEST(MessageLimits, SoundWithoutEndIsRefusedThenClosed) {
    MessageLimits limits({.events_per_second = 0, .sound_speed = 2, .sound_ahead = 10});
    base::Time now = kStart;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.next(1, now), Verdict::take);
    EXPECT_EQ(limits.next(1, now), Verdict::drop_and_say);
    EXPECT_EQ(limits.next(1, now), Verdict::drop);
    now += milliseconds(500);
    EXPECT_EQ(limits.next(1, now), Verdict::take) << "twice real time is allowed";
    EXPECT_EQ(limits.next(1, now), Verdict::drop);
    now += milliseconds(500);
    EXPECT_EQ(limits.next(10, now), Verdict::drop_and_say);
    now += seconds(1);
    EXPECT_EQ(limits.next(10, now), Verdict::drop_and_say);
    now += seconds(1);
    EXPECT_EQ(limits.next(10, now), Verdict::close);
}

TEST(MessageLimits, WhoHeedsItIsForgiven) {
    MessageLimits limits({.events_per_second = 1, .sound_speed = 0, .sound_ahead = 1});
    base::Time now = kStart;
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.next(0, now), Verdict::take) << round;
        EXPECT_EQ(limits.next(0, now), Verdict::drop_and_say) << round;
        now += seconds(11);
    }
}

TEST(MessageLimits, AFloodIsClosedWithinTheSecond) {
    MessageLimits limits({.events_per_second = 100, .sound_speed = 0, .sound_ahead = 1});
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(limits.next(0, kStart), Verdict::take);
    EXPECT_EQ(limits.next(0, kStart), Verdict::drop_and_say);
    int dropped = 1;
    while (limits.next(0, kStart) == Verdict::drop) ++dropped;
    EXPECT_EQ(dropped, 1'000);
    EXPECT_EQ(limits.next(0, kStart), Verdict::close);
}

TEST(MessageLimits, OneMessageThatIsLargerThanTheStoreIsTaken) {
    MessageLimits limits({.events_per_second = 0, .sound_speed = 1, .sound_ahead = 1});
    EXPECT_EQ(limits.next(300, kStart), Verdict::take);
    EXPECT_EQ(limits.next(0.1, kStart), Verdict::drop_and_say);
}

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
    std::shared_ptr<ChannelUser> limited(const MessageLimitSettings& settings) {
        return limit_messages(settings, channel, strand, user);
    }
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
    EXPECT_THAT(channel->sent.front(), HasSubstr("rate_limit_exceeded"));
    for (int i = 0; i < 20 && channel->closed == 0; ++i) one->received("{}");
    EXPECT_EQ(channel->closed, 1008);
    EXPECT_EQ(user->texts, 10);
    one->ended(ChannelEnd::closed_by_server);
    EXPECT_EQ(user->ends, std::vector{ChannelEnd::closed_by_server});
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
