#include "engine/model_source_hub.hpp"

#include "unit/engine/local_file_server.hpp"
#include "unit/engine/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace antiphon::engine {
namespace {

using Reply = LocalFileServer::Reply;
using Request = LocalFileServer::Request;

/// 300 kB that repeat nowhere near.
std::string content() {
    std::string bytes;
    std::uint32_t state = 1;
    while (bytes.size() < 300'000) {
        state = state * 1664525U + 1013904223U;
        bytes += static_cast<char>(state >> 24);
    }
    return bytes;
}

class HubSourceTest : public ::testing::Test {
protected:
    base::Result<void> fetch(HubModelSource& hub, std::stop_token stop = {}) {
        const Source source{.size = content_.size(),
                            .sha256 = std::string(64, 'a'),
                            .from = HubSource{"owner/name", "main", "a/b.bin"}};
        return hub.fetch(
            source, part_,
            [this](FetchStep step, std::uint64_t done, std::uint64_t total) {
                EXPECT_EQ(step, FetchStep::downloading);
                EXPECT_EQ(total, content_.size());
                EXPECT_LE(done, total);
                progress_ = done;
            },
            stop);
    }
    static HubModelSource at(const std::string& endpoint) {
        using std::chrono::seconds;
        return HubModelSource({.endpoint = endpoint, .connect_within = seconds(1), .stalled_after = seconds(1)});
    }

    const std::string content_ = content();
    TemporaryFolder folder_;
    const std::filesystem::path part_ = folder_ / "b.bin.part";
    std::uint64_t progress_ = 0;
};

TEST_F(HubSourceTest, DownloadsAWholeFile) {
    LocalFileServer server([&](const Request& request) { return LocalFileServer::file(request, content_); });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), content_);
    EXPECT_EQ(progress_, content_.size());
    EXPECT_EQ(server.requests().at(0).path, "/owner/name/resolve/main/a/b.bin");
    EXPECT_EQ(server.requests().at(0).from, -1);
}

TEST_F(HubSourceTest, GoesOnWhereTheLastProcessStopped) {
    write_file(part_, content_.substr(0, 1000));
    LocalFileServer server([&](const Request& request) { return LocalFileServer::file(request, content_); });
    HubModelSource hub = at(server.endpoint());
    ASSERT_TRUE(fetch(hub));
    EXPECT_EQ(read_file(part_), content_);
    EXPECT_EQ(server.requests().at(0).from, 1000);
}

TEST_F(HubSourceTest, ResumesAfterACutConnection) {
    std::atomic<int> asked = 0;
    LocalFileServer server([&](const Request& request) {
        Reply reply = LocalFileServer::file(request, content_);
        if (asked++ < 2) reply.body.resize(reply.body.size() / 2);
        return reply;
    });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), content_);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[1].from, 150'000);
    EXPECT_EQ(requests[2].from, 225'000);
}

TEST_F(HubSourceTest, GivesUpWhenNothingMoreComesAndKeepsWhatCame) {
    LocalFileServer server([&](const Request& request) {
        Reply reply = LocalFileServer::file(request, content_);
        reply.body.resize(request.from < 0 ? 5000 : 0);
        return reply;
    });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::unavailable);
    EXPECT_NE(done.error().text.find("broke off"), std::string::npos) << done.error().text;
    EXPECT_EQ(read_file(part_), content_.substr(0, 5000));
}

TEST_F(HubSourceTest, BeginsAgainWhenTheServerIgnoresTheRange) {
    write_file(part_, std::string(1000, 'x'));
    LocalFileServer server([&](const Request&) { return LocalFileServer::file({}, content_); });
    HubModelSource hub = at(server.endpoint());
    ASSERT_TRUE(fetch(hub));
    EXPECT_EQ(read_file(part_), content_);
}

TEST_F(HubSourceTest, RefusesAnotherRangeThanAskedFor) {
    write_file(part_, content_.substr(0, 1000));
    LocalFileServer server([&](const Request&) { return LocalFileServer::file({.path = {}, .from = 999}, content_); });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::invalid);
}

TEST_F(HubSourceTest, RefusesAFileOfAnotherSizeBeforeDownloadingIt) {
    for (const std::string& other : {content_ + "x", content_.substr(1)}) {
        LocalFileServer server([&](const Request& request) { return LocalFileServer::file(request, other); });
        HubModelSource hub = at(server.endpoint());
        const auto done = fetch(hub);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, base::Errc::invalid);
        EXPECT_NE(done.error().text.find("the catalog says 300000"), std::string::npos) << done.error().text;
        EXPECT_EQ(read_file(part_), "");
    }
}

TEST_F(HubSourceTest, NeverWritesMoreThanTheCatalogSays) {
    // No Content-Length: only counting helps.
    LocalFileServer server([&](const Request&) {
        return Reply{"HTTP/1.1 200 OK", content_ + std::string(100'000, 'x')};
    });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::invalid);
    EXPECT_LE(std::filesystem::file_size(part_), content_.size());
}

TEST_F(HubSourceTest, TellsAMissingFileFromABusyHub) {
    const std::pair<const char*, base::Errc> answers[] = {{"404 Not Found", base::Errc::not_found},
                                                          {"403 Forbidden", base::Errc::unavailable},
                                                          {"503 Busy", base::Errc::unavailable},
                                                          {"204 No Content", base::Errc::unavailable}};
    for (const auto& [status, code] : answers) {
        LocalFileServer server([&](const Request&) {
            return Reply{std::string("HTTP/1.1 ") + status, "a page about it"};
        });
        HubModelSource hub = at(server.endpoint());
        const auto done = fetch(hub);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, code) << done.error().text;
        EXPECT_EQ(read_file(part_), "") << status;
    }
}

TEST_F(HubSourceTest, FollowsARedirectWithTheRange) {
    write_file(part_, content_.substr(0, 10));
    LocalFileServer store([&](const Request& request) { return LocalFileServer::file(request, content_); });
    LocalFileServer server([&](const Request&) {
        return Reply{"HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: " + store.endpoint() + "/blob", "moved"};
    });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), content_);
    EXPECT_EQ(store.requests().at(0).from, 10);
}

TEST_F(HubSourceTest, IsNotAskedAgainOnceItCannotBeReached) {
    const int listener = LocalFileServer::listen_on_loopback();
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    const std::string endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));

    // It takes connections and says nothing.
    HubModelSource silent = at(endpoint);
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_FALSE(fetch(silent));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(6));
    const auto again = std::chrono::steady_clock::now();
    const auto second = fetch(silent);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::Errc::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - again, std::chrono::milliseconds(500));

    // Nobody is there.
    ::close(listener);
    HubModelSource gone = at(endpoint);
    const auto done = fetch(gone);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::unavailable);
    EXPECT_NE(done.error().text.find("cannot be reached"), std::string::npos) << done.error().text;
}

TEST_F(HubSourceTest, StopsWhenAsked) {
    std::stop_source stop;
    LocalFileServer server([&](const Request& request) {
        stop.request_stop();
        return LocalFileServer::file(request, content_);
    });
    HubModelSource hub = at(server.endpoint());
    const auto done = fetch(hub, stop.get_token());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::cancelled);
}

TEST(HubEndpoint, ComesFromTheEnvironment) {
    const char* before = std::getenv("HF_ENDPOINT");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("HF_ENDPOINT", "http://mirror.example//", 1);
    EXPECT_EQ(HubModelSource::default_endpoint(), "http://mirror.example");
    ::unsetenv("HF_ENDPOINT");
    EXPECT_TRUE(HubModelSource::default_endpoint().starts_with("https://"));
    if (before != nullptr) ::setenv("HF_ENDPOINT", kept.c_str(), 1);
}

}  // namespace
}  // namespace antiphon::engine
