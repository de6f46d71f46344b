#include "edge/access.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antiphon::edge {
namespace {

const std::vector<std::string> kAny{"*"};
const std::vector<std::string> kOne{"https://a.example"};

std::string value_of(const Headers& headers, const std::string& name) {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
    return found == headers.end() ? "(none)" : found->second;
}

TEST(Access, programs_that_are_no_page_are_let_in) { EXPECT_TRUE(origin_allowed("", "h:1", {})); }

TEST(Access, own_pages_are_let_in) {
    EXPECT_TRUE(origin_allowed("http://h:1", "h:1", {}));
    EXPECT_TRUE(origin_allowed("HTTP://H:1", "h:1", {}));
    EXPECT_FALSE(origin_allowed("http://h:2", "h:1", {}));
    EXPECT_FALSE(origin_allowed("http://h:1.evil.example", "h:1", {}));
    EXPECT_FALSE(origin_allowed("http://", "", {}));
}

TEST(Access, listed_pages_are_let_in) {
    EXPECT_TRUE(origin_allowed("https://a.example", "h", kOne));
    EXPECT_TRUE(origin_allowed("HTTPS://A.EXAMPLE", "h", kOne));
    EXPECT_FALSE(origin_allowed("https://a.example:444", "h", kOne));
    EXPECT_FALSE(origin_allowed("http://a.example", "h", kOne));
    EXPECT_FALSE(origin_allowed("null", "h", kOne));
    EXPECT_TRUE(origin_allowed("null", "h", kAny));
    EXPECT_TRUE(origin_allowed("https://anywhere", "h", kAny));
}

TEST(Access, headers_name_the_page) {
    EXPECT_EQ(value_of(access_headers("null", "h", kAny), "Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(value_of(access_headers("null", "h", kAny), "Vary"), "(none)");
    const auto one = access_headers("https://a.example", "h", kOne);
    EXPECT_EQ(value_of(one, "Access-Control-Allow-Origin"), "https://a.example");
    EXPECT_EQ(value_of(one, "Vary"), "Origin");
    EXPECT_TRUE(access_headers("https://b.example", "h", kOne).empty());
    EXPECT_TRUE(access_headers("", "h", kAny).empty());
    EXPECT_TRUE(access_headers("https://a.example\r\nX: y", "h", kAny).empty());
}

TEST(Access, preflight_grants_what_was_asked_for) {
    const auto headers = preflight_headers("GET, OPTIONS", "authorization, x-custom");
    EXPECT_EQ(value_of(headers, "Access-Control-Allow-Methods"), "GET, OPTIONS");
    EXPECT_EQ(value_of(headers, "Access-Control-Allow-Headers"), "authorization, x-custom");
    EXPECT_NE(value_of(preflight_headers("GET", ""), "Access-Control-Allow-Headers").find("Authorization"),
              std::string::npos);
    EXPECT_EQ(value_of(preflight_headers("GET", "x\ny"), "Access-Control-Allow-Headers").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace antiphon::edge
