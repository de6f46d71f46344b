// What a client may send as a tool, and what llama.cpp makes of it: its converter and its grammars end the
// process, or fill the memory, on some of these.
#include "contract/language_model_tools.hpp"
#include "engine/llama/llama_language_model.hpp"
#include "engine/llama/tool_grammar.hpp"
#include "fakes/test_models.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace antiphon::engine::llama {
namespace {

std::unique_ptr<LanguageModel> open() {
    LlamaSettings settings;
    settings.model = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    settings.context_tokens = 1024;
    settings.cache_tokens = 0;
    settings.places = 2;
    auto model = LlamaLanguageModel::open(settings);
    if (!model) throw std::runtime_error(model.error().text);
    return *std::move(model);
}

std::string object_with(const std::string& property) {
    return R"({"type":"object","properties":{"a":)" + property + R"(},"required":["a"]})";
}

std::string nested(int depth) {
    std::string schema = R"({"type":"boolean"})";
    for (int i = 0; i < depth; ++i) schema = object_with(schema);
    return schema;
}

/// Definitions of which each names the next one twice: 2^`depth` when they are all written out.
std::string doubling(int depth) {
    std::string schema = R"({"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{)";
    for (int i = 0; i < depth; ++i) {
        const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + "\"}";
        schema += "\"d" + std::to_string(i) + R"(":{"anyOf":[)" + next + "," + next + "]},";
    }
    return schema + "\"d" + std::to_string(depth) + R"(":{"type":"null"}}})";
}

std::string enumeration(int count) {
    std::string schema = R"({"enum":["x")";
    for (int i = 0; i < count; ++i) schema += ",\"" + std::to_string(i) + '"';
    return object_with(schema + "]}");
}

TEST(ToolGrammar, RefusesWhatCannotBeHeldTo) {
    const std::vector<std::string> schemas = {
        "{",
        "[]",
        "{} {}",
        R"({"type":"string"})",
        R"({"type":["string","null"]})",
        R"({"enum":[{}]})",
        R"({"anyOf":[{"type":"object"},{"type":"string"}]})",
        R"({"type":"object","properties":[]})",
        R"({"type":"object","properties":{},"required":"a"})",
        R"({"type":"object","properties":{},"required":[1]})",
        R"({"type":"object","allOf":[{"enum":[1]},{"enum":[1]}]})",
        R"({"$ref":"#"})",
        R"({"$ref":"https://example.com/schema.json"})",
        R"({"$ref":7})",
        R"({"type":"object","properties":{"a":{"$ref":"#"}}})",
        R"({"type":"object","properties":{"a":{"$ref":"#/nowhere"}}})",
        R"({"type":"object","properties":{"a":{"$ref":"#/properties/a"}}})",
        R"({"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"$ref":"#/$defs/y"},"y":{"$ref":"#/$defs/x"}}})",
        R"({"type":"object","allOf":[{"$ref":"#/$defs/x"}],"$defs":{"x":{"$ref":"#/$defs/x"}}})",
        object_with(R"({"type":"strange"})"),
        object_with(R"({"type":7})"),
        object_with(R"({"type":[]})"),
        object_with("false"),
        object_with("7"),
        object_with(R"({"enum":[]})"),
        object_with(R"({"enum":7})"),
        object_with(R"({"anyOf":[]})"),
        object_with(R"({"oneOf":{}})"),
        object_with(R"({"not":{"type":"string"}})"),
        object_with(R"({"if":{},"then":{}})"),
        object_with(R"({"type":"object","patternProperties":{"^a":{}}})"),
        object_with(R"({"type":"string","minLength":5,"maxLength":3})"),
        object_with(R"({"type":"string","minLength":-1})"),
        object_with(R"({"type":"string","minLength":1e30})"),
        object_with(R"({"type":"string","minLength":100000})"),
        object_with(R"({"type":"array","minItems":9,"maxItems":2})"),
        object_with(R"({"type":"array","items":7})"),
        object_with(R"({"type":"integer","minimum":5,"maximum":4})"),
        object_with(R"({"type":"integer","minimum":0.2,"maximum":0.8})"),
        object_with(R"({"type":"integer","minimum":1e300})"),
        object_with(R"({"type":"integer","minimum":"0"})"),
        object_with(R"({"type":"string","pattern":"^[a$"})"),
        object_with(R"({"type":"string","pattern":"^(((((a$"})"),
        object_with(R"({"type":"string","pattern":7})"),
        object_with(R"({"type":"string","pattern":")" + std::string(300, 'a') + R"("})"),
        R"({"type":"object","properties":{")" + std::string(5'000, ' ') + R"(":{}}})",
        nested(31),
        nested(200),
        doubling(20),
        enumeration(600),
        std::string(100'000, '[') + std::string(100'000, ']'),
        R"({"type":"object","description":")" + std::string(70'000, 'x') + R"("})",
    };
    for (const std::string& schema : schemas) {
        const auto grammar = tool_grammar({"my_tool", "", schema});
        ASSERT_FALSE(grammar) << schema.substr(0, 200);
        EXPECT_EQ(grammar.error().code, base::Errc::invalid);
        EXPECT_THAT(grammar.error().text, testing::HasSubstr("'my_tool'")) << schema.substr(0, 200);
        EXPECT_LT(grammar.error().text.size(), 400U);
    }
}

TEST(ToolGrammar, TakesWhatClientsSend) {
    for (const char* schema : {
             "",
             "{}",
             R"({"type":"object"})",
             R"({"type":"object","properties":{},"additionalProperties":false})",
             R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"T","type":"object","properties":{"a":{"type":"string","default":"x","examples":["y"]}}})",
             R"({"type":"object","properties":{"a":{"$ref":"#/$defs/a~1b"}},"$defs":{"a/b":{"type":"string","title":"A"}}})",
             R"({"type":"object","properties":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}},"$defs":{"a":{"enum":[1,2]}}})",
             R"({"type":"object","properties":{"a":{"type":"number","minimum":0,"multipleOf":0.5}},"minProperties":1})",
             R"({"type":"object","properties":{"a":{"type":"array","uniqueItems":true}},"required":["a","b"]})",
             R"({"type":"object","properties":{"a":{"type":"string","pattern":"not anchored","format":"email"}}})",
             R"({"type":"object","additionalProperties":{"type":"integer"}})",
             R"({"type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":true,"minimum":0}}})",
         }) {
        const auto grammar = tool_grammar({"my_tool", "", schema});
        EXPECT_TRUE(grammar) << schema << ": " << (grammar ? "" : grammar.error().text);
    }
    EXPECT_TRUE(tool_grammar({"my_tool", "", doubling(3)}));
    EXPECT_TRUE(tool_grammar({"my_tool", "", nested(10)}));
}

TEST(LlamaTools, StaysUsableAfterEachBadSchema) {
    const auto model = open();
    // What the converter lets through and llama.cpp's grammar has to refuse, or to bear.
    for (const std::string& schema :
         {object_with(R"({"type":"string","pattern":"^(((a{500}){500}){500}){500}$"})"),
          object_with(R"({"type":"string","pattern":"^(a*)*$"})"),
          object_with(R"({"type":"string","pattern":"^[^a]{0,99999999999999999999}$"})"),
          object_with(R"({"type":"array","minItems":400,"items":{"type":"array","minItems":400,"items":{"type":"string","minLength":400}}})"),
          object_with(R"({"type":"string","pattern":"^\\x{110000}\\U00110000$"})"),
          enumeration(490), nested(11)}) {
        auto request = request_of(1, "Go on.", {{"my_tool", "", schema}}, kRequired);
        request.max_tokens = 8;
        const auto start = std::chrono::steady_clock::now();
        const Reply reply = reply_to(*model, request);
        EXPECT_TRUE(reply.result || reply.result.error().code == base::Errc::invalid) << schema.substr(0, 200);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30)) << schema.substr(0, 200);
    }
    const Reply after = reply_to(*model, request_of(1, "What is the weather in Paris?", {kWeather}, kRequired));
    ASSERT_TRUE(after.result) << after.result.error().text;
    ASSERT_GE(after.calls.size(), 1U);
    expect_fits(after.calls[0], kWeather.parameters.c_str());
}

TEST(LlamaTools, EndsArgumentsBeforeTheTokensDo) {
    // Free text has no end of its own; the model is brought to close it in time.
    const auto model = open();
    const ToolCase& mail = tool_cases().back();
    for (const int max_tokens : {40, 60, 80}) {
        auto request = request_of(1, "Write a very long story to bob@example.com.", {tool_of(mail)}, kRequired);
        request.max_tokens = max_tokens;
        const Reply reply = reply_to(*model, request);
        ASSERT_TRUE(reply.result) << reply.result.error().text;
        EXPECT_EQ(reply.result->reason, FinishReason::tool_calls);
        EXPECT_LE(reply.result->completion_tokens, max_tokens);
        ASSERT_GE(reply.calls.size(), 1U);
        expect_fits(reply.calls[0], mail.schema);
    }
}

TEST(LlamaTools, AsksForNothingTwice) {
    const auto model = open();
    auto request = request_of(1, "What is the weather in Paris?", {kWeather}, kRequired);
    const Reply first = reply_to(*model, request);
    ASSERT_TRUE(first.result) << first.result.error().text;
    for (std::size_t i = 0; i < first.calls.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(first.calls[i] == first.calls[j]);

    Message asked{Role::assistant, ""};
    asked.calls = {{"call_1", "get_weather", R"({"city": "Paris"})"}};
    request.messages.push_back(asked);
    request.messages.push_back({Role::tool, "It rains, and it has 11 degrees.", {}, "call_1"});
    request.tool_choice = {};
    const Reply second = reply_to(*model, request);
    ASSERT_TRUE(second.result) << second.result.error().text;
    EXPECT_THAT(second.calls, testing::Not(testing::Contains(ToolCall{"", "get_weather", R"({"city": "Paris"})"})));
    EXPECT_TRUE(second.words != "" || !second.calls.empty());
}

TEST(LlamaTools, SharesTheDescriptionsAmongCallers) {
    const auto model = open();
    const Reply first = reply_to(*model, request_of(1, "What is the weather in Paris?", {kWeather}, kRequired));
    const Reply other = reply_to(*model, request_of(2, "Is it warm in Rome?", {kWeather}, kRequired));
    ASSERT_TRUE(first.result && other.result);
    EXPECT_GT(other.result->cached_tokens, other.result->prompt_tokens * 3 / 4);
}

TEST(LlamaTools, AnswersInWordsBesideACall) {
    const auto model = open();
    Reply call;
    std::thread other([&] {
        call = reply_to(*model, request_of(1, "What is the weather in Paris?", {kWeather}, kRequired));
    });
    // Without a system prompt this model is sure of its first word (by 1.7 in the logits). With one, "The" and "La"
    // are so close that what else is in the step decides by its rounding.
    auto question = request_of(2, "What is the capital of France?", {});
    question.messages.erase(question.messages.begin());
    const Reply words = reply_to(*model, question);
    other.join();
    ASSERT_TRUE(call.result && words.result);
    EXPECT_THAT(words.words, testing::HasSubstr("Paris"));
    EXPECT_THAT(words.calls, testing::IsEmpty());
    ASSERT_GE(call.calls.size(), 1U);
    expect_fits(call.calls[0], kWeather.parameters.c_str());
}

}  // namespace
}  // namespace antiphon::engine::llama
