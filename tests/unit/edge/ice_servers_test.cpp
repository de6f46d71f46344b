#include "edge/ice_servers.hpp"

#include "edge/hmac_sha1.hpp"
#include "edge/ice_url.hpp"

#include <boost/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

const std::string kSecret = "0123456789abcdef0123456789abcdef";

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string out;
    for (const auto byte : bytes) {
        out += "0123456789abcdef"[byte >> 4U];
        out += "0123456789abcdef"[byte & 15U];
    }
    return out;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(HmacSha1, IsThatOfRfc2202) {
    const std::vector<std::uint8_t> key(20, 0x0b);
    EXPECT_EQ(hex(hmac_sha1(key, bytes_of("Hi There"))), "b617318655057264e28bc0b6fb378c8ef146be00");
    EXPECT_EQ(hex(hmac_sha1(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    const std::vector<std::uint8_t> longer_than_a_block(80, 0xaa);
    EXPECT_EQ(hex(hmac_sha1(longer_than_a_block, bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
              "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    EXPECT_EQ(hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST(IceServers, ThePasswordIsTheNamesHmac) {
    // RFC 2202's second vector in base64.
    EXPECT_EQ(turn_password("Jefe", "what do ya want for nothing?"), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    const auto credential = turn_credential(kSecret, 1'700'000'000, "abc");
    EXPECT_EQ(credential.username, "1700000000:abc");
    EXPECT_EQ(credential.password, turn_password(kSecret, "1700000000:abc"));
    EXPECT_NE(credential.password, turn_credential(kSecret, 1'700'000'001, "abc").password);
}

TEST(IceServers, NothingConfiguredIsAnEmptyList) {
    const Reply reply = ice_reply({}, 1'000, "x");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, R"({"iceServers":[],"ttl":null})");
    EXPECT_EQ(reply.headers, (Headers{{"Cache-Control", "no-store"}}));
}

TEST(IceServers, AreShapedAsBrowsersTakeThem) {
    const IceSettings settings{.stun_urls = {"stun:stun.example.org:3478"},
                               .turn_urls = {"turn:turn.example.org", "turns:turn.example.org?transport=tcp"},
                               .turn_secret = kSecret,
                               .turn_lifetime = std::chrono::seconds(120)};
    ASSERT_TRUE(check(settings));
    const auto body = json::parse(ice_reply(settings, 1'700'000'000, "n1").body).as_object();
    const auto& servers = body.at("iceServers").as_array();
    ASSERT_EQ(servers.size(), 2U);
    EXPECT_EQ(json::serialize(servers[0]), R"({"urls":["stun:stun.example.org:3478"]})");
    EXPECT_EQ(servers[1].at("username"), "1700000120:n1");
    EXPECT_EQ(servers[1].at("credential").as_string(), turn_password(kSecret, "1700000120:n1"));
    EXPECT_EQ(servers[1].at("urls").as_array().size(), 2U);
    EXPECT_EQ(body.at("ttl"), 120);
    EXPECT_THAT(json::serialize(body), ::testing::Not(HasSubstr(kSecret)));
}

TEST(IceServers, ThePublicRelayIsNamedOnlyWhenAskedFor) {
    const IceSettings settings{.stun_urls = {}, .turn_urls = {}, .turn_secret = {}, .public_relay = true};
    const auto body = ice_reply(settings, 0, "n").body;
    EXPECT_THAT(body, HasSubstr("turn:openrelay.metered.ca:443?transport=tcp"));
    EXPECT_THAT(ice_reply({}, 0, "n").body, ::testing::Not(HasSubstr("metered")));
}

TEST(IceServers, BadSettingsAreRefusedWithTheirKey) {
    const auto refused = [](IceSettings settings) {
        const auto checked = check(settings);
        return checked ? std::string() : checked.error().param + "|" + checked.error().text;
    };
    EXPECT_THAT(refused({.stun_urls = {"stun.example.org"}}),
                ::testing::StartsWith("ice.stun_urls|ice.stun_urls: \"stun.example.org\""));
    EXPECT_THAT(refused({.stun_urls = {"turn:a"}}), HasSubstr("belongs to ice.turn_urls"));
    EXPECT_THAT(refused({.turn_urls = {"stun:a"}, .turn_secret = kSecret}), HasSubstr("belongs to ice.stun_urls"));
    EXPECT_THAT(refused({.turn_urls = {"turn:a"}}),
                ::testing::AllOf(::testing::StartsWith("ice.turn_secret|"), HasSubstr("openssl rand")));
    EXPECT_THAT(refused({.turn_urls = {"turn:a"}, .turn_secret = "short"}), HasSubstr("shorter than 16"));
    EXPECT_THAT(refused({.turn_urls = {"turn:a"}, .turn_secret = "ChangeMe-ChangeMe"}), HasSubstr("placeholder"));
    EXPECT_EQ(refused({.turn_urls = {"turn:a"}, .turn_secret = kSecret}), "");
}

struct UrlCase {
    const char* text;
    IceUrl url;
};

TEST(IceUrl, IsReadAsBrowsersReadIt) {
    const UrlCase cases[] = {
        {"stun:stun.l.google.com:19302", {.host = "stun.l.google.com", .port = 19302}},
        {"stun:a", {.host = "a"}},
        {"stuns:a", {.secure = true, .tcp = true, .host = "a", .port = 5349}},
        {"turn:1.2.3.4:80", {.relays = true, .host = "1.2.3.4", .port = 80}},
        {"turn:a?transport=tcp", {.relays = true, .tcp = true, .host = "a"}},
        {"turns:a:443?transport=tcp", {.relays = true, .secure = true, .tcp = true, .host = "a", .port = 443}},
        {"turn:[2001:db8::1]:3479?transport=udp", {.relays = true, .host = "2001:db8::1", .port = 3479}},
    };
    for (const auto& [text, expected] : cases) {
        const auto url = parse_ice_url(text);
        ASSERT_TRUE(url) << text << ": " << url.error().text;
        EXPECT_EQ(url->relays, expected.relays) << text;
        EXPECT_EQ(url->secure, expected.secure) << text;
        EXPECT_EQ(url->tcp, expected.tcp) << text;
        EXPECT_EQ(url->host, expected.host) << text;
        EXPECT_EQ(url->port, expected.port) << text;
    }
}

TEST(IceUrl, RefusesWhatIsNone) {
    for (const auto* text : {"",
                             "a",
                             "http:a",
                             "stun:",
                             "stun://a",
                             "stun:a:0",
                             "stun:a:65536",
                             "stun:a:1x",
                             "stun:a?transport=udp",
                             "turn:a?transport=sctp",
                             "turn:a?",
                             "turn:[::1",
                             "turn:[]",
                             "turn:a b",
                             "turn::3478",
                             "turn:[::1]3478",
                             "STUN:a",
                             "turn:a?transport=udp&x",
                             "turn:u@a",
                             "stun:\xc3\xa5"})
        EXPECT_FALSE(parse_ice_url(text)) << text;
}

}  // namespace
}  // namespace antiphon::edge
