#include "engine/ollama/ollama_language_model.hpp"

#include "contract/language_model_tools_contract.hpp"
#include "contract/remote_hostile.hpp"
#include "contract/served_model.hpp"

namespace antiphon::engine {
namespace {

using ollama::OllamaLanguageModel;
using ollama::OllamaSettings;
using Served = fakes::ServedModel<fakes::OllamaServer, OllamaLanguageModel>;

OllamaSettings settings_for(const std::string& url) {
    OllamaSettings settings;
    settings.base_url = url;
    settings.model = "llama3.2:3b";
    settings.context_tokens = 1024;
    settings.places = 2;
    return settings;
}

INSTANTIATE_TEST_SUITE_P(Ollama, LanguageModelContract,
                         testing::Values(LanguageModelCase{
                             "ollama",
                             [] {
                                 return std::make_unique<Served>(4096, [](const std::string& url) {
                                     return OllamaLanguageModel::open(settings_for(url));
                                 });
                             },
                             [](LanguageModel& model) { static_cast<Served&>(model).server().model().hold_after(3); },
                             [](LanguageModel& model, const std::vector<ToolCall>& calls) {
                                 static_cast<Served&>(model).server().model().answer_with_calls("", calls);
                             },
                             false}));

INSTANTIATE_TEST_SUITE_P(Ollama, HostileServer,
                         testing::Values(HostileCase{
                             "ollama", "/api/chat", "application/x-ndjson",
                             [](const std::string& word) {
                                 return "{\"message\":{\"role\":\"assistant\",\"content\":\"" + word + "\"},\"done\":false}\n";
                             },
                             "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
                             [](const std::string& url, const RemoteLimits& limits) -> std::unique_ptr<LanguageModel> {
                                 auto settings = settings_for(url);
                                 settings.limits = limits;
                                 return *OllamaLanguageModel::open(settings);
                             }}));

boost::json::object body_of(const fakes::ScriptedServer::Request& request) {
    return boost::json::parse(request.body).as_object();
}

TEST(OllamaLanguageModel, LoadsItsModelAndNamesTheCommandForOneThatIsMissing) {
    fakes::OllamaServer server;
    auto settings = settings_for(server.url());
    ASSERT_TRUE((*OllamaLanguageModel::open(settings))->check({}));
    const auto load = server.server().requests().back();
    EXPECT_EQ(load.path, "/api/generate");
    EXPECT_EQ(body_of(load)["options"].as_object()["num_ctx"], 1024);

    settings.model = "nomic-embed-text";  // "latest" is meant
    EXPECT_TRUE((*OllamaLanguageModel::open(settings))->check({}));

    settings.model = "llama3.2:1b";
    const auto missing = (*OllamaLanguageModel::open(settings))->check({});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
    EXPECT_THAT(missing.error().text, testing::HasSubstr("`ollama pull llama3.2:1b`"));
    EXPECT_THAT(missing.error().text, testing::HasSubstr("`docker compose exec ollama ollama pull llama3.2:1b`"));
}

TEST(OllamaLanguageModel, AsksAsOllamaExpects) {
    fakes::OllamaServer server;
    const auto model = *OllamaLanguageModel::open(settings_for(server.url()));
    Talk talk{*model, ConversationId{1}};
    ASSERT_TRUE(talk.ask("Hello?"));
    auto body = body_of(server.server().requests().back());
    EXPECT_EQ(body["model"], "llama3.2:3b");
    EXPECT_EQ(body["keep_alive"], "30m");
    EXPECT_EQ(body["stream"], true);
    EXPECT_EQ(body["truncate"], false) << "a prompt that is too long is refused, not cut in silence";
    EXPECT_EQ(body["options"].as_object()["num_ctx"], 1024);
    EXPECT_EQ(body["options"].as_object()["num_predict"], 40);
    EXPECT_EQ(body["messages"].as_array().size(), 2U);
    EXPECT_FALSE(body.contains("tools"));
    EXPECT_FALSE(body.contains("format"));
}

TEST(OllamaLanguageModel, ToolsAreOfferedAndResultsNamed) {
    fakes::OllamaServer server;
    server.model().answer_with_calls("Let me see. ", {{"", "get_weather", R"({"city": "Paris"})"}});
    const auto model = *OllamaLanguageModel::open(settings_for(server.url()));
    auto request = request_of(1, "What is the weather in Paris?", {kWeather});
    request.messages.push_back({Role::assistant, "", {{"call_1", "get_weather", R"({"city":"Rome"})"}}});
    request.messages.push_back({Role::tool, "It rains.", {}, "call_1"});
    const Reply reply = reply_to(*model, request);
    ASSERT_TRUE(reply.result) << reply.result.error().text;
    EXPECT_EQ(reply.result->reason, FinishReason::tool_calls);
    EXPECT_EQ(reply.words, "Let me see. ");
    EXPECT_THAT(reply.faults, testing::IsEmpty());
    ASSERT_EQ(reply.calls.size(), 1U);
    EXPECT_EQ(reply.calls[0].name, "get_weather");
    EXPECT_EQ(reply.calls[0].arguments, R"({"city":"Paris"})");
    auto body = body_of(server.server().requests().back());
    EXPECT_EQ(body["tools"].as_array().size(), 1U);
    const auto& messages = body["messages"].as_array();
    EXPECT_EQ(messages.back().at("tool_name"), "get_weather");
    EXPECT_EQ(messages[2].at("tool_calls").at(0).at("function").at("arguments").at("city"), "Rome");
}

TEST(OllamaLanguageModel, AToolThatWasNotOfferedIsAFailure) {
    fakes::ScriptedServer server([](const auto&, auto& connection) {
        return connection.answer(200, "application/x-ndjson",
                                 "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"rm\",\"arguments\":{}}}]}}\n");
    });
    const auto model = *OllamaLanguageModel::open(settings_for(server.url()));
    const Reply reply = reply_to(*model, request_of(1, "Hello?", {kWeather}));
    ASSERT_FALSE(reply.result);
    EXPECT_EQ(reply.result.error().code, base::Errc::engine);
    EXPECT_THAT(reply.result.error().text, testing::HasSubstr("'rm', which was not offered"));
    EXPECT_EQ(reply.fragments, 0U);
}

TEST(OllamaLanguageModel, AModelWithoutToolsIsUnsupported) {
    fakes::ScriptedServer server([](const auto&, auto& connection) {
        return connection.answer(400, "application/json", R"({"error":"\"tiny\" does not support tools"})");
    });
    const auto model = *OllamaLanguageModel::open(settings_for(server.url()));
    const Reply reply = reply_to(*model, request_of(1, "Hello?", {kWeather}));
    ASSERT_FALSE(reply.result);
    EXPECT_EQ(reply.result.error().code, base::Errc::unsupported);
    EXPECT_THAT(reply.result.error().text, testing::HasSubstr("\"tiny\" does not support tools"));
}

}  // namespace
}  // namespace antiphon::engine
