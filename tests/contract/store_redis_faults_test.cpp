// What becomes of a RedisStore when its real redis-server is killed, hangs, is full, or not ours.

#include "base/clock.hpp"
#include "contract/whole_session.hpp"
#include "fakes/redis_server.hpp"
#include "store/redis_store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace antiphon::store {
namespace {

constexpr base::milliseconds kLifetime{600'000};

class RedisFaults : public testing::Test {
protected:
    void expect_unavailable(SessionStore& store, const std::string& because) {
        const base::Time began = base::Clock::now();
        const auto outcome = store.write("rtc_1", whole_session("first", {{"a", "1"}}));
        ASSERT_FALSE(outcome);
        EXPECT_EQ(static_cast<int>(outcome.error().code), static_cast<int>(base::Errc::unavailable));
        EXPECT_NE(outcome.error().text.find(because), std::string::npos) << outcome.error().text;
        EXPECT_FALSE(store.check());
        const auto session = store.claim("rtc_1", "hash", "second");
        EXPECT_FALSE(session);
        EXPECT_LT(base::Clock::now() - began, base::milliseconds(5'000));
    }
    void expect_good(SessionStore& store) {
        EXPECT_TRUE(store.check());
        const auto outcome = store.write("rtc_1", whole_session("first", {{"a", "1"}}));
        ASSERT_TRUE(outcome) << outcome.error().text;
        EXPECT_EQ(store.claim("rtc_1", "hash", "first")->items, (std::vector<StoredItem>{{"a", "1"}}));
    }
};

TEST_F(RedisFaults, KilledAndBackWithAllThatWasAnswered) {
    fakes::RedisServer server;
    RedisStore store(server.by_socket(), kLifetime);
    expect_good(store);
    server.kill();
    expect_unavailable(store, "Redis at " + server.socket());
    server.start();
    EXPECT_EQ(store.claim("rtc_1", "hash", "first")->items, (std::vector<StoredItem>{{"a", "1"}}));
    expect_good(store);
}

TEST_F(RedisFaults, HangsAndGoesOn) {
    fakes::RedisServer server;
    RedisStore store(server.by_port(), kLifetime);
    expect_good(store);
    server.stop();
    expect_unavailable(store, "does not answer in time");
    server.go_on();
    expect_good(store);
}

TEST_F(RedisFaults, FullKeepsWhatItHas) {
    fakes::RedisServer server;
    RedisStore store(server.by_socket(), kLifetime);
    expect_good(store);
    server.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    server.ask({"CONFIG", "SET", "maxmemory", "1"});
    const auto outcome = store.write("rtc_1", whole_session("first", {{"b", "2"}}));
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().text.find("OOM"), std::string::npos) << outcome.error().text;
    EXPECT_FALSE(store.check());
    EXPECT_TRUE(store.erase("rtc_2", "")) << "erasing needs no room";
    server.ask({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_EQ(store.claim("rtc_1", "hash", "first")->items, (std::vector<StoredItem>{{"a", "1"}})) << "nothing half done";
    expect_good(store);
}

TEST_F(RedisFaults, ReadOnlyAndMasterAgain) {
    fakes::RedisServer server;
    fakes::RedisServer master;
    RedisStore store(server.by_socket(), kLifetime);
    expect_good(store);
    server.ask({"REPLICAOF", "127.0.0.1", std::to_string(master.port())});
    expect_unavailable(store, "READONLY");
    server.ask({"REPLICAOF", "NO", "ONE"});
    expect_good(store);
}

TEST_F(RedisFaults, AskedForAPassword) {
    fakes::RedisServer server({"--requirepass", "right one"});
    server.password = "right one";
    RedisAddress address = server.by_port();
    RedisStore without(address, kLifetime);
    expect_unavailable(without, "wants a password");
    address.password = "wrong one";
    RedisStore wrong(address, kLifetime);
    expect_unavailable(wrong, "refuses the password");
    EXPECT_EQ(wrong.check().error().text.find("wrong one"), std::string::npos) << "no password in a message";
    address.password = "right one";
    RedisStore right(address, kLifetime);
    expect_good(right);
    server.ask({"ACL", "SETUSER", "voice", "on", ">hers", "~antiphon:*", "+eval", "+hget", "+hset", "+hdel", "+hkeys",
                "+hgetall", "+del", "+set", "+pexpire"});
    address.user = "voice";
    address.password = "hers";
    RedisStore user(address, kLifetime);
    expect_good(user);
    EXPECT_TRUE(user.erase("rtc_1", ""));
}

TEST_F(RedisFaults, AKeyOfAnotherKindIsNeverWritten) {
    fakes::RedisServer server;
    RedisStore store(server.by_socket(), kLifetime);
    server.ask({"SET", "antiphon:session:rtc_1", "mine"});
    const auto outcome = store.write("rtc_1", whole_session("first", {}));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(static_cast<int>(outcome.error().code), static_cast<int>(base::Errc::invalid));
    EXPECT_EQ(server.ask({"GET", "antiphon:session:rtc_1"}).text, "mine");
}

TEST_F(RedisFaults, WhatCannotBeReadIsSaidToBeSo) {
    fakes::RedisServer server;
    RedisStore store(server.by_socket(), kLifetime);
    for (const char* order : {"9:item", "x", "1", "99999999999999999999:a", ":", "1:zz", "-1:a"}) {
        expect_good(store);
        server.ask({"HSET", "antiphon:session:rtc_1", "order", order});
        const auto session = store.claim("rtc_1", "hash", "first");
        ASSERT_FALSE(session) << order;
        EXPECT_EQ(static_cast<int>(session.error().code), static_cast<int>(base::Errc::invalid));
    }
}

TEST(RedisAddressTest, NobodyThere) {
    RedisAddress address;
    address.socket = "/nowhere/at/all";
    RedisStore by_socket(address, kLifetime);
    EXPECT_EQ(static_cast<int>(by_socket.check().error().code), static_cast<int>(base::Errc::unavailable));
    address.socket.clear();
    address.host = "name.invalid";
    RedisStore by_name(address, kLifetime);
    EXPECT_EQ(static_cast<int>(by_name.check().error().code), static_cast<int>(base::Errc::unavailable));
}

}  // namespace
}  // namespace antiphon::store
