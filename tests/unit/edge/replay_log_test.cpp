#include "edge/replay_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

using base::milliseconds;

class ReplayLogTest : public testing::Test {
protected:
    void text(const std::string& id) { log.add(LoggedMessage{id, "text " + id, false, {}}, now); }
    void binary(const std::string& bytes) { log.add(LoggedMessage{"", bytes, true, milliseconds(20)}, now); }
    void line(std::int64_t from, std::int64_t samples, const std::string& response = "r") {
        log.add(LineSound{{response, "i", 0}, std::vector<std::uint8_t>(static_cast<std::size_t>(samples) * 2), from, samples}, now);
    }
    /// What is sent again to a client that has this; "!" in front when it is not all.
    std::string missed(const std::string& id, std::size_t after_binary = 0, std::int64_t line_received = 0) {
        const auto encode = [](const LineSound& sound) {
            return LoggedMessage{"s" + std::to_string(sound.from), "sound of " + std::to_string(sound.samples), false, {}};
        };
        std::string all = log.confirm({id, after_binary}, line_received, encode) ? "" : "!";
        for (const auto& message : log.missed()) all += (message.id.empty() ? message.bytes : message.id) + " ";
        return all;
    }

    base::Time now = base::Time{} + std::chrono::hours(1);
    ReplayLog log{true};
};

TEST_F(ReplayLogTest, gives_what_follows_the_last_event_that_came) {
    for (const auto* id : {"a", "b", "c", "d"}) text(id);
    EXPECT_EQ(missed("b"), "c d ");
    EXPECT_EQ(missed("b"), "c d ") << "nothing of it has come: the same again";
    EXPECT_EQ(missed("d"), "");
    text("e");
    EXPECT_EQ(missed("d"), "e ");
    EXPECT_EQ(missed("b"), "!e ") << "confirmed long ago";
}

TEST_F(ReplayLogTest, counts_binary_messages_behind_an_event) {
    text("a");
    binary("1");
    binary("2");
    text("b");
    binary("3");
    EXPECT_EQ(missed("a", 1), "2 b 3 ");
    EXPECT_EQ(missed("a", 2), "b 3 ") << "the count goes on from the same event";
    EXPECT_EQ(missed("b", 1), "");
    EXPECT_EQ(missed("b", 2), "!") << "more than there were";
}

TEST_F(ReplayLogTest, a_client_that_has_nothing_gets_all_if_all_is_there) {
    text("a");
    binary("1");
    EXPECT_EQ(missed(""), "a 1 ");
    ReplayLog later(false);
    later.add(LoggedMessage{"a", "", false, {}}, now);
    EXPECT_FALSE(later.confirm({"", 0}, 0, {}));
    EXPECT_EQ(later.missed().size(), 1U);
}

TEST_F(ReplayLogTest, an_event_that_is_not_known_gets_all_that_is_there_and_is_told) {
    text("a");
    text("b");
    EXPECT_EQ(missed("nonsense"), "!a b ");
    EXPECT_EQ(missed("a"), "b ");
}

TEST_F(ReplayLogTest, the_mark_stands_for_the_place_where_the_client_came_back) {
    text("a");
    binary("1");
    text("b");
    EXPECT_EQ(missed("a", 1), "b ");
    log.mark("m");
    EXPECT_EQ(missed("m"), "b ");
    EXPECT_EQ(missed("b"), "");
}

TEST_F(ReplayLogTest, forgets_what_is_old_but_knows_where_it_ended) {
    text("a");
    text("b");
    binary("1");
    now += ReplayLog::kLength + milliseconds(1);
    text("c");
    EXPECT_EQ(missed("a"), "b 1 c ") << "not by itself";
    log.forget_old(now);
    EXPECT_EQ(missed("b", 1), "c ");
    EXPECT_EQ(missed("b", 0), "!c ") << "a binary message is gone";
    EXPECT_EQ(missed("x"), "!c ");
    now += ReplayLog::kLength + milliseconds(1);
    log.forget_old(now);
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(missed("c"), "");
}

TEST_F(ReplayLogTest, is_bounded_in_bytes) {
    const std::string large(1U << 20U, 'x');
    for (int i = 0; i < 20; ++i) log.add(LoggedMessage{"e" + std::to_string(i), large, false, {}}, now);
    EXPECT_LE(log.bytes(), ReplayLog::kMaxBytes);
    EXPECT_EQ(log.missed().size(), 3U);
    EXPECT_EQ(missed("e17"), "e18 e19 ");
    EXPECT_EQ(missed("e10"), "!e18 e19 ");
    log.add(LoggedMessage{"huge", std::string(5U << 20U, 'x'), false, {}}, now);
    EXPECT_EQ(log.bytes(), 0U) << "what is larger than the log is not kept";
    EXPECT_EQ(missed("huge"), "");
}

TEST_F(ReplayLogTest, sound_of_a_line_that_was_not_received_becomes_messages_in_its_place) {
    text("a");
    line(0, 480);
    text("b");
    line(480, 480);
    text("c");
    line(960, 480);
    EXPECT_EQ(missed("c", 0, 600), "s600 s960 ") << "the events have come, the sound has not";
    text("d");
    EXPECT_EQ(missed("s600"), "s960 d ") << "and is a message like others now";
}

TEST_F(ReplayLogTest, sound_and_events_stay_in_order) {
    text("a");
    line(0, 480);
    text("b");
    EXPECT_EQ(missed("a", 0, 0), "s0 b ");
}

TEST_F(ReplayLogTest, gives_the_sound_in_messages_to_who_has_a_line) {
    text("a");
    binary("1");
    line(0, 480);
    text("b");
    const auto as_bytes = [](const LineSound& sound) {
        return LoggedMessage{"", "from the line", true, milliseconds(20), sound.part};
    };
    EXPECT_TRUE(log.confirm({"a", 0}, 240, as_bytes));
    const auto sound = log.take_sound();
    ASSERT_EQ(sound.size(), 2U);
    EXPECT_EQ(sound[0].bytes, "1");
    EXPECT_EQ(sound[1].bytes, "from the line");
    EXPECT_EQ(sound[1].part.response_id, "r");
    ASSERT_EQ(log.missed().size(), 1U);
    EXPECT_EQ(log.missed().front().id, "b");
    EXPECT_EQ(missed("a"), "b ") << "another loss before anything came";
}

TEST_F(ReplayLogTest, gives_back_what_is_to_go_over_the_line_again) {
    line(0, 480, "old");
    line(480, 480);
    text("a");
    line(960, 480);
    line(1440, 480, "unwanted");
    log.forget_line_sound("unwanted");
    const auto unheard = log.take_unheard(720);
    ASSERT_EQ(unheard.size(), 2U);
    EXPECT_EQ(unheard[0].from, 720);
    EXPECT_EQ(unheard[0].samples, 240);
    EXPECT_EQ(unheard[0].bytes.size(), 480U);
    EXPECT_EQ(unheard[1].from, 960);
    EXPECT_EQ(missed("a", 0, 1440), "");
}

}  // namespace
}  // namespace antiphon::edge
