// Forty ways to write an origin, of which only the listed ones are let in.
#include "edge/access.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace antiphon::edge {
namespace {

const std::vector<std::string> kListed{"https://shop.example", "http://shop.example:8081", "https://xn--bcher-kva.example",
                                       "http://[2001:db8::1]:9000", "null"};
constexpr std::string_view kHost = "voice.example:8080";

struct Variant {
    const char* origin;
    bool listed;
};

class OriginVariants : public ::testing::TestWithParam<Variant> {};

TEST_P(OriginVariants, OnlyTheListedPass) {
    EXPECT_EQ(origin_allowed(GetParam().origin, kHost, kListed), GetParam().listed);
    EXPECT_EQ(access_headers(GetParam().origin, kHost, kListed).empty(), !GetParam().listed);
}

constexpr std::array<Variant, 48> kVariants{{
    // The listed ones, and our own page.
    {"https://shop.example", true},
    {"HTTPS://SHOP.EXAMPLE", true},  // the same origin (RFC 6454, section 4); browsers write it in lower case
    {"https://Shop.Example", true},
    {"http://shop.example:8081", true},
    {"https://xn--bcher-kva.example", true},
    {"http://[2001:db8::1]:9000", true},
    {"null", true},
    {"http://voice.example:8080", true},
    {"https://voice.example:8080", true},
    // Another scheme or port.
    {"http://shop.example", false},
    {"https://shop.example:443", false},
    {"https://shop.example:8443", false},
    {"https://shop.example:", false},
    {"http://shop.example:8080", false},
    {"http://shop.example:80810", false},
    {"wss://shop.example", false},
    {"ftp://shop.example", false},
    {"file://", false},
    {"chrome-extension://shop.example", false},
    // Something before, behind or within.
    {"https://shop.example.evil.example", false},
    {"https://shop.example-evil.example", false},
    {"https://evil-shop.example", false},
    {"https://www.shop.example", false},
    {"https://evilshop.example", false},
    {"https://shop.exampl", false},
    {"https://shop.example.", false},
    {"https://shop..example", false},
    {"https://shopXexample", false},
    {"https://user@shop.example", false},
    {"https://shop.example@evil.example", false},
    {"https://user:pass@shop.example", false},
    {"https://evil.example/https://shop.example", false},
    {"https://shop.example/", false},
    {"https://shop.example/path", false},
    {"https://shop.example?x", false},
    {"https://shop.example#x", false},
    {"https://evil.example#@shop.example", false},
    {"https:/shop.example", false},
    {"https:shop.example", false},
    {"//shop.example", false},
    {"shop.example", false},
    {" https://shop.example", false},
    {"https://shop.example https://evil.example", false},
    {"https://shop.example, https://evil.example", false},
    // The same name in other letters, and addresses.
    {"https://b\xC3\xBC" "cher.example", false},
    {"https://\xD1\x95hop.example", false},
    {"http://[2001:db8:0::1]:9000", false},
    {"Null ", false},
}};
static_assert(kVariants.size() >= 40);

INSTANTIATE_TEST_SUITE_P(All, OriginVariants, ::testing::ValuesIn(kVariants),
                         [](const auto& one) { return "n" + std::to_string(one.index); });

TEST(Origins, OurOwnPageIsHttpOrHttpsOnly) {
    for (const char* origin : {"ftp://voice.example:8080", "x://voice.example:8080", "://voice.example:8080",
                               "http://voice.example:8081", "http://voice.example", "http://voice.example:8080.evil"})
        EXPECT_FALSE(origin_allowed(origin, kHost, kListed)) << origin;
    EXPECT_FALSE(origin_allowed("http://", "", {}));
    EXPECT_FALSE(origin_allowed("https://shop.example", kHost, {}));
}

}  // namespace
}  // namespace antiphon::edge
