#include "edge/plain_on_tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(PlainOnTls, PagesAreSentOn) {
    const auto answer =
        answer_to_plain_http("GET /call?x=1 HTTP/1.1\r\nAccept: */*\r\nHOST: example.org:8443 \r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 307 "));
    EXPECT_THAT(answer, HasSubstr("\r\nLocation: https://example.org:8443/call?x=1\r\n"));
    EXPECT_THAT(answer, HasSubstr("https://"));
    const auto head = answer_to_plain_http("HEAD / HTTP/1.1\r\nHost: [::1]:1\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Location: https://[::1]:1/\r\n"));
    EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST(PlainOnTls, OtherRequestsAreTold) {
    for (const auto* request : {"POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                                "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
                                "GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\nHost: a/b\n\n"}) {
        const auto answer = answer_to_plain_http(request);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << request;
        EXPECT_THAT(answer, HasSubstr("tls_required")) << request;
        EXPECT_THAT(answer, Not(HasSubstr("Location"))) << request;
    }
}

TEST(PlainOnTls, NothingOfTheRequestSplitsTheAnswer) {
    const auto answer = answer_to_plain_http("GET /a\rSet-Cookie:x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST(PlainOnTls, GarbageHearsNothing) {
    for (const auto* garbage :
         {"", "\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "GET\r\n\r\n", "GET / \r\n\r\n", "\x80\x2e\x01\x03\x01"})
        EXPECT_EQ(answer_to_plain_http(garbage), "") << garbage;
}

}  // namespace
}  // namespace antiphon::edge
