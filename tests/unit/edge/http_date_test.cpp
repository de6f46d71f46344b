#include "edge/http_date.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

using namespace std::chrono;

TEST(HttpDate, IsWrittenAsRfc9110DoesAndReadBack) {
    const auto example = system_clock::from_time_t(784'111'777);
    EXPECT_EQ(http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
    EXPECT_EQ(http_date(system_clock::from_time_t(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(parse_http_date(http_date(system_clock::from_time_t(1'709'210'096))),
              system_clock::from_time_t(1'709'210'096));
}

TEST(HttpDate, OtherFormsAreNone) {
    for (const auto* text :
         {"", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT"})
        EXPECT_FALSE(parse_http_date(text)) << text;
}

}  // namespace
}  // namespace antiphon::edge
