#include "app/caller_ice.hpp"

#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

TEST(CallerIce, ReadsServersWithTheirCredentials) {
    const auto servers = read_ice_servers(R"({"iceServers":[
        {"urls":["stun:stun.example:3479"]},
        {"urls":["turn:turn.example?transport=udp","turns:turn.example"],"username":"1:call","credential":"secret"}],
        "ttl":300})");
    ASSERT_TRUE(servers);
    ASSERT_EQ(servers->size(), 3U);
    EXPECT_EQ((*servers)[0].name, "stun:stun.example:3479");
    EXPECT_EQ((*servers)[0].url.host, "stun.example");
    EXPECT_EQ((*servers)[0].url.port, 3479);
    EXPECT_TRUE((*servers)[0].username.empty());
    EXPECT_TRUE((*servers)[1].url.relays);
    EXPECT_EQ((*servers)[1].username, "1:call");
    EXPECT_EQ((*servers)[2].password, "secret");
    EXPECT_TRUE((*servers)[2].url.tcp);
}

TEST(CallerIce, LeavesOutWhatIsNoAddress) {
    const auto servers = read_ice_servers(R"({"iceServers":[1,{},{"urls":3},{"urls":[7,"http://a","stun:a"]}]})");
    ASSERT_TRUE(servers);
    ASSERT_EQ(servers->size(), 1U);
    EXPECT_EQ((*servers)[0].url.host, "a");
}

TEST(CallerIce, RefusesWhatIsNoSuchAnswer) {
    for (const char* body : {"", "<html>", "[]", "{}", R"({"iceServers":{}})"})
        EXPECT_FALSE(read_ice_servers(body)) << body;
    EXPECT_TRUE(read_ice_servers(R"({"iceServers":[]})"));
}

}  // namespace
}  // namespace antiphon::app
