#include "engine/openai/openai_language_model.hpp"

#include "contract/language_model_tools_contract.hpp"
#include "contract/remote_hostile.hpp"
#include "contract/served_model.hpp"

namespace antiphon::engine {
namespace {

using openai::OpenAiLanguageModel;
using openai::OpenAiSettings;
using Served = fakes::ServedModel<fakes::OpenAiServer, OpenAiLanguageModel>;

OpenAiSettings settings_for(const std::string& url) {
    OpenAiSettings settings;
    settings.base_url = url + "/v1";
    settings.model = "small";
    settings.context_tokens = 1024;
    settings.places = 2;
    return settings;
}

std::unique_ptr<Served> served() {
    return std::make_unique<Served>(4096, [](const std::string& url) { return OpenAiLanguageModel::open(settings_for(url)); });
}

INSTANTIATE_TEST_SUITE_P(OpenAi, LanguageModelContract,
                         testing::Values(LanguageModelCase{
                             "openai", [] { return served(); },
                             [](LanguageModel& model) { static_cast<Served&>(model).server().model().hold_after(3); },
                             [](LanguageModel& model, const std::vector<ToolCall>& calls) {
                                 static_cast<Served&>(model).server().model().answer_with_calls("", calls);
                             },
                             false}));

INSTANTIATE_TEST_SUITE_P(OpenAi, HostileServer,
                         testing::Values(HostileCase{
                             "openai", "/v1/chat/completions", "text/event-stream",
                             [](const std::string& word) {
                                 return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + word + "\"}}]}\n\n";
                             },
                             "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                             [](const std::string& url, const RemoteLimits& limits) -> std::unique_ptr<LanguageModel> {
                                 auto settings = settings_for(url);
                                 settings.limits = limits;
                                 return *OpenAiLanguageModel::open(settings);
                             }}));

TEST(OpenAiLanguageModel, SendsTheKeyAndTellsWhatTheServerKept) {
    fakes::OpenAiServer server;
    auto settings = settings_for(server.url());
    settings.key = "sk-of-the-test";
    const auto model = *OpenAiLanguageModel::open(settings);
    Talk talk{*model, ConversationId{1}};
    const auto answer = talk.ask("Hello?");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(talk.text(), "You said: Hello?");
    EXPECT_GT(answer->cached_tokens, 0);
    EXPECT_THAT(server.server().requests().back().head, testing::HasSubstr("Authorization: Bearer sk-of-the-test\r\n"));
}

TEST(OpenAiLanguageModel, FindsOutTheModelAndNamesTheOthersWhenItsOwnIsMissing) {
    fakes::OpenAiServer server;
    auto settings = settings_for(server.url());
    settings.model.clear();
    const auto any = *OpenAiLanguageModel::open(settings);
    ASSERT_TRUE(any->check({}));
    EXPECT_EQ(any->model(), "small");
    settings.model = "huge";
    const auto missing = (*OpenAiLanguageModel::open(settings))->check({});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
    EXPECT_THAT(missing.error().text, testing::HasSubstr("has no model huge; it has small, large"));
}

TEST(OpenAiLanguageModel, KeepsItsConnection) {
    fakes::OpenAiServer server;
    const auto model = *OpenAiLanguageModel::open(settings_for(server.url()));
    Talk talk{*model, ConversationId{1}};
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(talk.ask("Hello?"));
    EXPECT_EQ(server.server().requests().size(), 5U);
    EXPECT_EQ(server.server().connections(), 1U);
}

TEST(OpenAiLanguageModel, RefusesAddressesThatCannotBeUsed) {
    for (const char* url : {"", "localhost:8000", "ftp://host", "http://", "http://user:secret@host", "http://host/v1?a=b",
                            "http://ho st", "http://host:99999999"}) {
        auto settings = settings_for("");
        settings.base_url = url;
        const auto model = OpenAiLanguageModel::open(settings);
        ASSERT_FALSE(model) << url;
        EXPECT_EQ(model.error().code, base::Errc::invalid) << url;
    }
    auto settings = settings_for("http://host");
    settings.key = "two\r\nlines";
    EXPECT_FALSE(OpenAiLanguageModel::open(settings));
}

TEST(OpenAiLanguageModel, ThePromptThatTheServerFindsTooLongIsInvalid) {
    fakes::ScriptedServer server([](const auto&, auto& connection) {
        return connection.answer(400, "application/json",
                                 R"({"error":{"message":"This model's maximum context length is 99 tokens."}})");
    });
    const auto model = *OpenAiLanguageModel::open(settings_for(server.url()));
    Talk talk{*model, ConversationId{1}};
    const auto answer = talk.ask("Hello?");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::invalid);
    EXPECT_THAT(answer.error().text, testing::HasSubstr("maximum context length is 99 tokens"));
}

}  // namespace
}  // namespace antiphon::engine
