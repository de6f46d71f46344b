#include "edge/routes.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

TEST(Routes, finds_each_path) {
    EXPECT_EQ(find_route("/")->endpoint, Endpoint::home);
    EXPECT_EQ(find_route("/call")->endpoint, Endpoint::call_page);
    EXPECT_EQ(find_route("/call/")->endpoint, Endpoint::call_page);
    EXPECT_EQ(find_route("/ready")->endpoint, Endpoint::ready);
    EXPECT_EQ(find_route("/health")->endpoint, Endpoint::health);
    EXPECT_EQ(find_route("/metrics")->endpoint, Endpoint::metrics);
    EXPECT_EQ(find_route("/v1/models")->endpoint, Endpoint::models);
    EXPECT_EQ(find_route("/v1/realtime")->endpoint, Endpoint::realtime);
    EXPECT_EQ(find_route("/openapi.yaml")->endpoint, Endpoint::openapi);
    EXPECT_EQ(find_route("/v1/audio/transcriptions")->endpoint, Endpoint::transcriptions);
    EXPECT_EQ(find_route("/v1/audio/speech")->endpoint, Endpoint::speech);
    EXPECT_EQ(find_route("/v1/chat/completions")->endpoint, Endpoint::chat_completions);
    EXPECT_EQ(find_route("/v1/embeddings")->endpoint, Endpoint::embeddings);
    EXPECT_EQ(find_route("/v1/realtime/client_secrets")->endpoint, Endpoint::client_secrets);
    EXPECT_EQ(find_route("/ice")->endpoint, Endpoint::ice);
    EXPECT_EQ(find_route("/v1/models/")->endpoint, Endpoint::models);
    EXPECT_EQ(find_route("/v1/models/a/b")->endpoint, Endpoint::model);
    EXPECT_EQ(model_name("/v1/models/a/b"), "a/b");
}

TEST(Routes, WorkIsAskedForByPost) {
    EXPECT_TRUE(takes_work(*find_route("/v1/chat/completions")));
    EXPECT_FALSE(takes_work(*find_route("/v1/models")));
    EXPECT_FALSE(allows(*find_route("/v1/audio/speech"), "GET"));
}

TEST(Routes, finds_nothing_elsewhere) {
    for (const auto* path : {"", "/Call", "/call/x", "/v1", "/v1/realtime/nothing", "//", "/../ready"})
        EXPECT_EQ(find_route(path), nullptr) << path;
}

TEST(Routes, allow_their_methods_only) {
    const Route& ready = *find_route("/ready");
    EXPECT_TRUE(allows(ready, "GET"));
    EXPECT_TRUE(allows(ready, "HEAD"));
    EXPECT_TRUE(allows(ready, "OPTIONS"));
    EXPECT_FALSE(allows(ready, "POST"));
    EXPECT_FALSE(allows(ready, "get"));
    EXPECT_FALSE(allows(ready, ""));
    EXPECT_FALSE(allows(ready, "GET, HEAD"));
    EXPECT_FALSE(allows(*find_route("/v1/realtime"), "HEAD"));
}

TEST(Target, splits_and_decodes) {
    const auto target = parse_target("/v1/realtime?model=a%2Fb+c&x=&flag&model=second#part");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/v1/realtime");
    EXPECT_EQ(target->query.at("model"), "a/b c");
    EXPECT_EQ(target->query.at("x"), "");
    EXPECT_EQ(target->query.at("flag"), "");
    EXPECT_EQ(target->query.size(), 3U);
    EXPECT_EQ(parse_target("/a+b%C3%A5")->path, "/a+b\xC3\xA5");
    EXPECT_EQ(parse_target("/?x=%41")->query.at("x"), "A");
}

TEST(Target, refuses_what_is_malformed) {
    for (const auto* target : {"", "ready", "*", "http://host/ready", "/%", "/%4", "/%zz", "/a%ff", "/?x=%f"})
        EXPECT_FALSE(parse_target(target)) << target;
}

}  // namespace
}  // namespace antiphon::edge
