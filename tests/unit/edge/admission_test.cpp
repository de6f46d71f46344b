// Who is let in: each route, with each thing that can be shown.
#include "edge/admission.hpp"

#include "edge/access_control.hpp"
#include "edge/authorization_page.hpp"
#include "edge/client_secrets.hpp"
#include "source_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <fstream>
#include <set>
#include <sstream>

namespace antiphon::edge {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

const std::string kShop = make_access_key();
const std::string kDesk = make_access_key();

AccessRules with_keys() {
    AccessRules rules;
    rules.keys_needed = true;
    rules.keys = AccessKeys({{"shop", hash_of_key(kShop)}, {"desk", hash_of_key(kDesk)}});
    return rules;
}

class Admission : public ::testing::Test {
protected:
    std::string secret(const std::string& origin = "", const std::string& key = "shop") {
        PreparedCall call;
        call.binding.origin = origin;
        call.binding.key = key;
        return *secrets.make(std::move(call), base::Clock::now(), seconds(60));
    }
    /// 200 for who is let in.
    int ask(const std::string& path, const std::string& shown, const std::string& origin = "") {
        const auto target = parse_target(path);
        const auto answer = admit(*find_route(target->path), *target, {shown, "", origin}, services);
        if (const auto* by = std::get_if<Admitted>(&answer)) {
            admitted = by->key;
            return 200;
        }
        const Reply& refusal = std::get<Reply>(answer);
        code = std::string(boost::json::parse(refusal.body).at("error").at("code").as_string());
        EXPECT_EQ(refusal.status == 401, refusal.headers == (Headers{{"WWW-Authenticate", "Bearer"}}));
        return refusal.status;
    }

    call::CallRegistry registry{2};
    base::Metrics metrics;
    ClientSecrets secrets;
    AccessControl access{with_keys()};
    std::shared_ptr<const call::Agents> agents = std::make_shared<call::Agents>();
    Services services{.registry = registry,
                      .agents = [this] { return agents; },
                      .readiness = [] { return Readiness(); },
                      .engines = [] { return nullptr; },
                      .metrics = metrics,
                      .access = &access,
                      .client_secrets = &secrets};
    std::string admitted, code;
};

TEST_F(Admission, EachRouteAsksForWhatItsTableSays) {
    for (const Route& route : all_routes()) {
        const std::string path(route.path);
        const bool everybody = route.access == RouteAccess::anybody;
        const bool by_secret = route.access == RouteAccess::new_call || route.access == RouteAccess::key_or_secret;
        EXPECT_EQ(ask(path, ""), everybody ? 200 : 401) << path;
        EXPECT_EQ(ask(path, "Bearer " + make_access_key()), everybody ? 200 : 401) << path;
        EXPECT_EQ(ask(path, "Bearer " + kShop), 200) << path;
        EXPECT_EQ(admitted, everybody ? "" : "shop") << path;
        EXPECT_EQ(ask(path, "Bearer " + secret()), everybody || by_secret ? 200 : 401) << path;
        EXPECT_EQ(ask(path, "Bearer ek_" + std::string(48, '0')), everybody ? 200 : 401) << path;
        EXPECT_EQ(ask(path, "Basic " + kShop), everybody ? 200 : 401) << path;
        EXPECT_EQ(ask(path, kShop), everybody ? 200 : 401) << path;
    }
}

TEST_F(Admission, WhatIsOpenToAnybodyIsWhatWasMeant) {
    std::set<std::string_view> open;
    for (const Route& route : all_routes())
        if (route.access == RouteAccess::anybody) open.insert(route.path);
    EXPECT_EQ(open, (std::set<std::string_view>{"/", "/call", "/ready", "/health", "/antiphon.js", "/openapi.yaml"}));
}

TEST_F(Admission, TheTableIsTheOneInTheDocumentation) {
    std::ifstream in(std::string(ANTIPHON_SOURCE_DIR) + "/docs/authorization.md");
    std::ostringstream page;
    page << in.rdbuf();
    EXPECT_EQ(page.str(), authorization_page()) << "antiphon serve --print-authorization > docs/authorization.md";
}

TEST_F(Admission, WithoutKeysEverybodyIsLetIn) {
    access.change({});
    for (const Route& route : all_routes()) EXPECT_EQ(ask(std::string(route.path), ""), 200) << route.path;
    services.access = nullptr;
    EXPECT_EQ(ask("/v1/chat/completions", "Bearer sk-any"), 200);
}

TEST_F(Admission, NobodyIsLetInWhereTheLastKeyIsGone) {
    AccessRules rules;
    rules.keys_needed = true;
    access.change(rules);
    EXPECT_EQ(ask("/v1/models", "Bearer " + kShop), 401);
    EXPECT_EQ(ask("/v1/models", ""), 401);
}

TEST_F(Admission, AReloadAddsAndRemovesKeys) {
    EXPECT_EQ(ask("/v1/models", "Bearer " + kDesk), 200);
    const std::string desks = secret("", "desk");
    AccessRules rules = with_keys();
    rules.keys = AccessKeys({{"shop", hash_of_key(kShop)}});
    access.change(rules);
    EXPECT_EQ(ask("/v1/models", "Bearer " + kDesk), 401);
    EXPECT_EQ(ask("/v1/realtime", "Bearer " + desks), 401) << "a secret goes with its key";
    EXPECT_EQ(ask("/v1/models", "Bearer " + kShop), 200);
}

TEST_F(Admission, AKeyInASubprotocolCounts) {
    const auto target = parse_target("/v1/realtime");
    const std::string offered = "realtime, openai-insecure-api-key." + kShop;
    EXPECT_TRUE(std::holds_alternative<Admitted>(admit(*find_route("/v1/realtime"), *target, {"", offered, ""}, services)));
    EXPECT_TRUE(std::holds_alternative<Admitted>(
        admit(*find_route("/v1/realtime"), *target, {"Bearer sk-of-somebody-else", offered, ""}, services)));
}

TEST_F(Admission, ASecretIsLookedAtAndStaysGood) {
    const std::string one = secret();
    EXPECT_EQ(ask("/ice", "Bearer " + one), 200);
    EXPECT_EQ(ask("/v1/realtime", "Bearer " + one), 200);
    EXPECT_EQ(admitted, "shop") << "it counts for the key that asked for it";
    EXPECT_TRUE(secrets.take(one, "", base::Clock::now()));
    EXPECT_EQ(ask("/v1/realtime", "Bearer " + one), 401);
    EXPECT_EQ(code, "invalid_client_secret");
}

TEST_F(Admission, ASecretOfOneOriginIsNoOtherPages) {
    const std::string one = secret("https://shop.example");
    EXPECT_EQ(ask("/v1/realtime", "Bearer " + one, "https://evil.example"), 403);
    EXPECT_EQ(code, "origin_not_allowed");
    EXPECT_EQ(ask("/v1/realtime/calls", "Bearer " + one), 403) << "a program is no page of that origin";
    EXPECT_EQ(ask("/ice", "Bearer " + one, "https://evil.example"), 403);
    EXPECT_EQ(ask("/ice", "Bearer " + one), 200) << "a page that asks its own server says no origin";
    EXPECT_EQ(ask("/v1/realtime", "Bearer " + one, "https://shop.example"), 200) << "and it was not used up";
}

TEST_F(Admission, ToComeBackNeedsNoKeyAndToWatchNeedsTheCallsOwn) {
    EXPECT_EQ(ask("/v1/realtime?call_id=rtc_1&resume=x", ""), 200) << "its token is asked for where the call is found";
    EXPECT_EQ(ask("/v1/realtime/calls?call_id=rtc_1&resume=x", ""), 200);
    EXPECT_EQ(ask("/v1/realtime?call_id=rtc_1", ""), 401);
    EXPECT_EQ(ask("/v1/realtime?resume=x", ""), 401);
    EXPECT_EQ(ask("/v1/realtime?call_id=rtc_1", "Bearer " + secret()), 401) << "a secret opens calls, and watches none";
    const auto shops = access.remember_owner("rtc_1", "shop");
    EXPECT_EQ(ask("/v1/realtime?call_id=rtc_1", "Bearer " + kShop), 200);
    EXPECT_EQ(ask("/v1/realtime?call_id=rtc_1", "Bearer " + kDesk), 404);
    EXPECT_EQ(ask("/v1/realtime/calls/rtc_1", "Bearer " + kShop), 200);
    EXPECT_EQ(ask("/v1/realtime/calls/rtc_1", "Bearer " + kDesk), 404);
    EXPECT_EQ(ask("/v1/realtime/calls/rtc_1/hangup", "Bearer " + kDesk), 404);
    EXPECT_EQ(ask("/v1/realtime/calls/rtc_1/hangup", "Bearer resume_guess"), 401);
    EXPECT_EQ(ask("/v1/realtime/calls/rtc_2", "Bearer " + kDesk), 200) << "nobody's here: another process may have left it";
}

TEST_F(Admission, ACallTakesAPlaceOfItsKey) {
    AccessRules rules = with_keys();
    rules.calls = {.calls_per_key = 1, .calls_per_address = 0, .starts_per_key = 0, .starts_per_address = 0};
    access.change(rules);
    auto first = enter_call({"shop"}, "192.0.2.1", services);
    ASSERT_TRUE(std::holds_alternative<CallEntry>(first));
    call::CallPlace place = std::get<CallEntry>(first).place();
    std::get<CallEntry>(first).became("rtc_1");
    EXPECT_EQ(access.owner("rtc_1"), "shop");
    const auto second = enter_call({"shop"}, "192.0.2.2", services);
    ASSERT_TRUE(std::holds_alternative<Reply>(second));
    EXPECT_EQ(std::get<Reply>(second).status, 429);
    EXPECT_THAT(std::get<Reply>(second).body, HasSubstr("rate_limit_exceeded"));
    EXPECT_EQ(std::get<Reply>(second).headers.front().first, "Retry-After");
    EXPECT_EQ(registry.calls(), 1U) << "who is refused takes no place";
    first = Reply{};
    EXPECT_EQ(access.owner("rtc_1"), "shop") << "the call keeps it";
    place.reset();
    EXPECT_EQ(access.owner("rtc_1"), std::nullopt);
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_TRUE(std::holds_alternative<CallEntry>(enter_call({"shop"}, "192.0.2.2", services)));
}

TEST_F(Admission, AReloadChangesWhatAKeyMaySendForConnectionsThatAreThere) {
    constexpr base::Time kNow{seconds(1'000)};
    const auto share = access.join_key("shop", kNow);
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(share->take(0, kNow)) << "the default is no limit";
    AccessRules rules = with_keys();
    rules.messages.events_per_key = 1;
    access.change(rules);
    int taken = 0;
    for (int i = 0; i < 20; ++i) taken += share->take(0, kNow);
    EXPECT_EQ(taken, 10);
    EXPECT_EQ(access.join_key("", kNow), nullptr);
}

TEST_F(Admission, AConnectionToACallIsItsOwnersOrElseWhoseKeyItShows) {
    const auto shops = access.remember_owner("rtc_1", "shop");
    EXPECT_EQ(access.owner_or("rtc_1", ""), "shop") << "who comes back need not show the key";
    EXPECT_EQ(access.owner_or("rtc_1", "desk"), "shop");
    EXPECT_EQ(access.owner_or("rtc_2", "desk"), "desk");
    EXPECT_EQ(access.owner_or("rtc_2", ""), "");
}

TEST_F(Admission, AFullServerSaysSo) {
    const auto one = enter_call({}, "", services);
    const auto two = enter_call({}, "", services);
    const auto three = enter_call({}, "", services);
    ASSERT_TRUE(std::holds_alternative<Reply>(three));
    EXPECT_EQ(std::get<Reply>(three).status, 503);
}

TEST_F(Admission, RefusalsAreCounted) {
    ask("/v1/models", "");
    ask("/v1/models", "Bearer ak_wrong");
    EXPECT_THAT(metrics.text(), HasSubstr("antiphon_access_refused_total{reason=\"no_key\"} 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("antiphon_access_refused_total{reason=\"wrong_key\"} 1"));
}

}  // namespace
}  // namespace antiphon::edge
