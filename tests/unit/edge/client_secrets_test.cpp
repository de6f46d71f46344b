#include "edge/client_secrets.hpp"

#include "edge/openai_client_secrets.hpp"
#include "edge/presented_secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <thread>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr base::Time kNow{};

TEST(ClientSecrets, OpenOneCall) {
    ClientSecrets secrets;
    const auto secret = secrets.make({"shop", "tiny", {}}, kNow, seconds(60));
    ASSERT_TRUE(secret);
    EXPECT_THAT(*secret, StartsWith("ek_"));
    EXPECT_EQ(secret->size(), 51U);
    const auto call = secrets.take(*secret, "", kNow + seconds(59));
    ASSERT_TRUE(call);
    EXPECT_EQ(call->agent, "shop");
    EXPECT_EQ(call->model, "tiny");
    EXPECT_FALSE(secrets.take(*secret, "", kNow + seconds(59))) << "used up";
}

TEST(ClientSecrets, ExpireAndNeverOutliveTheLongestLife) {
    ClientSecrets secrets(10, seconds(60));
    const auto shorter = secrets.make({}, kNow, seconds(10));
    EXPECT_FALSE(secrets.take(*shorter, "", kNow + seconds(10)));
    const auto capped = secrets.make({}, kNow, seconds(7'200));
    EXPECT_FALSE(secrets.take(*capped, "", kNow + seconds(60)));
}

TEST(ClientSecrets, ForgeriesOpenNothing) {
    ClientSecrets secrets;
    const auto secret = secrets.make({}, kNow, seconds(60));
    for (std::size_t at = 0; at < secret->size(); ++at) {
        std::string forged = *secret;
        forged[at] = forged[at] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(secrets.take(forged, "", kNow)) << at;
    }
    EXPECT_FALSE(secrets.take("", "", kNow));
    EXPECT_FALSE(secrets.take(*secret + "a", "", kNow));
    EXPECT_TRUE(secrets.take(*secret, "", kNow));
}

TEST(ClientSecrets, AreBoundedAndTheExpiredMakeRoom) {
    ClientSecrets secrets(2, seconds(60));
    EXPECT_TRUE(secrets.make({}, kNow, seconds(60)));
    EXPECT_TRUE(secrets.make({}, kNow, seconds(20)));
    const auto third = secrets.make({}, kNow, seconds(60));
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, base::Errc::overloaded);
    EXPECT_TRUE(secrets.make({}, kNow + seconds(20), seconds(60)));
}

TEST(ClientSecrets, OneOfManyThreadsTakesEach) {
    ClientSecrets secrets;
    const std::string secret = *secrets.make({}, kNow, seconds(60));
    std::atomic<int> taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                if (secrets.take(secret, "", kNow)) ++taken;
            });
    }
    EXPECT_EQ(taken, 1);
}

class ClientSecretEndpoint : public ::testing::Test {
protected:
    /// Answered at once, as no other process knows these secrets.
    struct OneReply final : Responder {
        void reply(Reply whole) override { answer = std::move(whole); }
        void begin(Reply) override {}
        void write(std::string) override {}
        void end() override {}
        void abort() override {}
        void when_drained(std::function<void()>) override {}
        std::stop_token gone() const override { return {}; }
        Reply answer;
    };
    Reply ask(const std::string& body, const std::string& target = "/v1/realtime/client_secrets") {
        const auto responder = std::make_shared<OneReply>();
        make_client_secret({Endpoint::client_secrets, *parse_target(target), "application/json", body}, services, responder);
        return responder->answer;
    }
    std::variant<CallWanted, Reply> prepared(const std::string& authorization, const std::string& subprotocols, const std::string& target) {
        std::optional<std::variant<CallWanted, Reply>> outcome;
        prepare_call({authorization, subprotocols, ""}, *parse_target(target), services, nullptr,
                     [&](std::variant<CallWanted, Reply> wanted) { outcome = std::move(wanted); });
        return std::move(*outcome);
    }
    static json::object parsed(const Reply& reply) { return json::parse(reply.body).as_object(); }
    std::string code_of(const Reply& reply) { return std::string(parsed(reply).at("error").at("code").as_string()); }

    static std::shared_ptr<const call::Agents> some_agents() {
        call::Agents agents;
        agents.plain.session.model = "antiphon";
        agents.plain.session.instructions = "plain";
        call::Agent shop = agents.plain;
        shop.name = shop.session.agent = "shop";
        shop.tools = {"order"};
        agents.named.push_back(shop);
        return std::make_shared<call::Agents>(std::move(agents));
    }

    call::CallRegistry registry{1};
    base::Metrics metrics;
    ClientSecrets secrets{2, seconds(60)};
    std::shared_ptr<const call::Agents> agents = some_agents();
    Services services{.registry = registry,
                      .agents = [this] { return agents; },
                      .readiness = [] { return Readiness(); },
                      .engines = [] { return nullptr; },
                      .metrics = metrics,
                      .client_secrets = &secrets};
};

TEST_F(ClientSecretEndpoint, GivesASecretAndTheSessionWhole) {
    const auto before = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const Reply reply = ask(R"({"expires_after":{"anchor":"created_at","seconds":30},
        "session":{"type":"realtime","model":"gpt-realtime","instructions":"Be brief","audio":{"output":{"voice":"marin"}}}})");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.headers, (Headers{{"Cache-Control", "no-store"}}));
    const auto body = parsed(reply);
    EXPECT_NEAR(static_cast<double>(body.at("expires_at").as_int64()), static_cast<double>(before + 30), 2);
    const auto& session = body.at("session").as_object();
    EXPECT_EQ(session.at("type"), "realtime");
    EXPECT_EQ(session.at("object"), "realtime.session");
    EXPECT_EQ(session.at("model"), "gpt-realtime");
    EXPECT_EQ(session.at("instructions"), "Be brief");
    EXPECT_EQ(session.at("audio").at("output").at("voice"), "marin");

    const std::string secret(body.at("value").as_string());
    const std::string bearer = "Bearer " + secret;
    const auto outcome = prepared(bearer, "", "/v1/realtime?model=other&agent=shop");
    const auto* wanted = std::get_if<CallWanted>(&outcome);
    ASSERT_NE(wanted, nullptr);
    EXPECT_EQ(wanted->target.query.at("model"), "gpt-realtime");
    ASSERT_TRUE(wanted->update);
    EXPECT_EQ(wanted->update->session.instructions, "Be brief");
    EXPECT_TRUE(std::holds_alternative<Reply>(prepared(bearer, "", "/v1/realtime"))) << "used up";
}

TEST_F(ClientSecretEndpoint, NothingIsNeeded) {
    for (const auto* body : {"", "{}", R"({"session":null,"expires_after":null})"}) {
        ClientSecrets fresh(1, seconds(60));
        services.client_secrets = &fresh;
        const Reply reply = ask(body);
        ASSERT_EQ(reply.status, 200) << reply.body;
        EXPECT_EQ(parsed(reply).at("session").at("instructions"), "plain");
    }
}

TEST_F(ClientSecretEndpoint, RefusesWhatSessionUpdateWouldAndMore) {
    EXPECT_EQ(code_of(ask("{")), "invalid_json");
    EXPECT_EQ(code_of(ask("[]")), "invalid_type");
    EXPECT_EQ(ask(R"({"session":{"type":"other"}})").status, 400);
    EXPECT_EQ(ask(R"({"session":{}})").status, 400);
    EXPECT_EQ(ask(R"({"sesion":{}})").status, 400);
    for (const auto* seconds_given : {"9", "7201", "1.5", "\"60\"", "-1"})
        EXPECT_EQ(
            ask(std::string(R"({"expires_after":{"anchor":"created_at","seconds":)") + seconds_given + "}}").status,
            400)
            << seconds_given;
    EXPECT_EQ(ask(R"({"expires_after":{"anchor":"now","seconds":60}})").status, 400);
    const auto temperature = parsed(ask(R"({"session":{"type":"realtime","instructions":1}})")).at("error").as_object();
    EXPECT_EQ(temperature.at("param"), "session.instructions");
    EXPECT_EQ(ask("{}", "/v1/realtime/client_secrets?agent=nobody").status, 404);
    const Reply tools = ask(R"({"session":{"type":"realtime","tools":[{"type":"function","name":"hack"}]}})",
                            "/v1/realtime/client_secrets?agent=shop");
    EXPECT_EQ(tools.status, 400);
    EXPECT_THAT(tools.body, HasSubstr("session.tools[0].name"));
}

TEST_F(ClientSecretEndpoint, ABoundIsReached) {
    EXPECT_EQ(ask("").status, 200);
    EXPECT_EQ(ask("").status, 200);
    const Reply third = ask("");
    EXPECT_EQ(third.status, 503);
    EXPECT_EQ(third.headers, (Headers{{"Retry-After", "5"}}));
}

TEST_F(ClientSecretEndpoint, ACallWithoutASecretIsAsItWas) {
    const auto outcome = prepared("Bearer sk-whatever", "realtime", "/v1/realtime?model=m");
    const auto* wanted = std::get_if<CallWanted>(&outcome);
    ASSERT_NE(wanted, nullptr);
    EXPECT_FALSE(wanted->update);
    EXPECT_EQ(wanted->target.query.at("model"), "m");
    const auto forged = prepared("Bearer ek_0", "", "/v1/realtime");
    const auto* refused = std::get_if<Reply>(&forged);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(code_of(*refused), "invalid_client_secret");
}

}  // namespace
}  // namespace antiphon::edge
