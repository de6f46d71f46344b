#include "store/redis_notes.hpp"

#include "fakes/redis_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace antiphon::store {
namespace {

using base::milliseconds;

TEST(RedisNotesTest, what_one_process_keeps_another_reads_and_one_takes) {
    fakes::RedisServer server;
    RedisNotes first(server.by_port());
    RedisNotes second(server.by_socket());
    const std::string value("any\0 bytes\r\n", 12);
    ASSERT_TRUE(first.keep("one", value, milliseconds(60'000)));
    EXPECT_EQ(*second.read("one"), value);
    EXPECT_EQ(*second.read("one"), value) << "reading leaves it";
    EXPECT_TRUE(*second.remove("one"));
    EXPECT_FALSE(*first.remove("one"));
    EXPECT_EQ(*first.read("one"), std::nullopt);
    EXPECT_EQ(*first.read("another"), std::nullopt);
}

TEST(RedisNotesTest, ends_with_its_life_and_is_replaced_whole) {
    fakes::RedisServer server;
    RedisNotes notes(server.by_socket());
    ASSERT_TRUE(notes.keep("short", "1", milliseconds(60'000)));
    ASSERT_TRUE(notes.keep("short", "2", milliseconds(50)));
    EXPECT_EQ(*notes.read("short"), "2");
    EXPECT_GT(server.ask({"PTTL", "antiphon:note:short"}).integer, 0);
    std::this_thread::sleep_for(milliseconds(60));
    EXPECT_EQ(*notes.read("short"), std::nullopt);
    EXPECT_FALSE(*notes.remove("short"));
}

TEST(RedisNotesTest, of_many_that_remove_it_one_is_told_so) {
    fakes::RedisServer server;
    RedisNotes maker(server.by_socket());
    ASSERT_TRUE(maker.keep("wanted", "1", milliseconds(60'000)));
    std::atomic<int> removed = 0;
    {
        std::vector<std::jthread> takers;
        for (int i = 0; i < 8; ++i)
            takers.emplace_back([&] {
                RedisNotes notes(server.by_socket());
                if (*notes.remove("wanted")) ++removed;
            });
    }
    EXPECT_EQ(removed, 1);
}

TEST(RedisNotesTest, says_unavailable_while_redis_is_away_and_goes_on_after) {
    fakes::RedisServer server;
    RedisNotes notes(server.by_port());
    ASSERT_TRUE(notes.keep("kept", "1", milliseconds(60'000)));
    server.kill();
    EXPECT_EQ(static_cast<int>(notes.read("kept").error().code), static_cast<int>(base::Errc::unavailable));
    EXPECT_FALSE(notes.keep("other", "1", milliseconds(60'000)));
    EXPECT_FALSE(notes.remove("kept"));
    server.start();
    EXPECT_EQ(*notes.read("kept"), "1") << "the append-only file has it";
}

TEST(RedisNotesTest, needs_no_more_rights_than_the_session_store) {
    fakes::RedisServer server;
    server.ask({"ACL", "SETUSER", "voice", "on", ">hers", "~antiphon:*", "+eval", "+hget", "+hset", "+hdel", "+hkeys",
                "+hgetall", "+del", "+set", "+pexpire"});
    auto address = server.by_port();
    address.user = "voice";
    address.password = "hers";
    RedisNotes notes(address);
    EXPECT_TRUE(notes.keep("mine", "1", milliseconds(60'000)));
    EXPECT_EQ(*notes.read("mine"), "1");
    EXPECT_TRUE(*notes.remove("mine"));
}

}  // namespace
}  // namespace antiphon::store
