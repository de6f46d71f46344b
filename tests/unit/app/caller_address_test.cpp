#include "app/caller_address.hpp"

#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

struct Good {
    const char* text;
    const char* host;
    const char* port;
    const char* target;
};

TEST(CallerAddress, ReadsHostPortAndPrefix) {
    const Good cases[] = {
        {"http://127.0.0.1:8080", "127.0.0.1", "8080", "/v1/realtime?model=antiphon"},
        {"http://example.org", "example.org", "80", "/v1/realtime?model=antiphon"},
        {"ws://example.org:9/", "example.org", "9", "/v1/realtime?model=antiphon"},
        {"localhost:8080", "localhost", "8080", "/v1/realtime?model=antiphon"},
        {"http://[::1]:8080", "::1", "8080", "/v1/realtime?model=antiphon"},
        {"http://[::1]", "::1", "80", "/v1/realtime?model=antiphon"},
        {"http://example.org/voice/", "example.org", "80", "/voice/v1/realtime?model=antiphon"},
    };
    for (const Good& good : cases) {
        const auto address = parse_caller_address(good.text);
        ASSERT_TRUE(address) << good.text << ": " << address.error().text;
        EXPECT_EQ(address->host, good.host) << good.text;
        EXPECT_EQ(address->port, good.port) << good.text;
        EXPECT_EQ(address->target, good.target) << good.text;
    }
}

TEST(CallerAddress, NamesAnIpv6HostInBrackets) {
    EXPECT_EQ(parse_caller_address("http://[::1]:8080")->authority(), "[::1]:8080");
    EXPECT_EQ(parse_caller_address("http://a:1")->authority(), "a:1");
}

TEST(CallerAddress, MakesTheUrlOfAPath) {
    EXPECT_EQ(parse_caller_address("ws://a")->url("/ice"), "http://a:80/ice");
    EXPECT_EQ(parse_caller_address("https://[::1]:8443/voice/")->url("/ready"), "https://[::1]:8443/voice/ready");
}

TEST(CallerAddress, RefusesWhatIsNoAddress) {
    for (const char* text :
         {"", "http://", "http://:80", "ftp://a", "http://a:0", "http://a:65536", "http://a:8x",
          "http://a:", "http://[::1", "http://[::1]x", "http://a b", "http://a\r\nX: y", "http://a?b", "http://u@a"}) {
        const auto address = parse_caller_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().code, base::Errc::invalid) << text;
    }
}

TEST(CallerAddress, KnowsTls) {
    for (const char* text : {"https://a", "wss://a/"}) {
        const auto address = parse_caller_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_TRUE(address->secure);
        EXPECT_EQ(address->port, "443");
    }
    EXPECT_EQ(parse_caller_address("https://a:8443/voice")->prefix, "/voice");
    EXPECT_FALSE(parse_caller_address("http://a")->secure);
}

}  // namespace
}  // namespace antiphon::app
