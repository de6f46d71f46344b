#include "chat_fixture.hpp"

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using engine::Message;
using engine::Role;

const std::string kTools = R"("tools":[
    {"type":"function","function":{"name":"get_weather","description":"The weather","strict":true,
     "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},
    {"type":"function","function":{"name":"hang_up"}}])";

class ChatTools : public ChatTest {
protected:
    static std::string with(const std::string& more) { return body(kTools + "," + more); }
    static std::string call(const std::string& id, const std::string& arguments = "{}") {
        return R"({"id":")" + id + R"(","type":"function","function":{"name":"hang_up","arguments":")" + arguments + R"("}})";
    }
    static std::string after(const std::string& messages) {
        return body("", R"([{"role":"user","content":"u"},)" + messages + "]");
    }
};

TEST_F(ChatTools, TheModelHearsOfThem) {
    open();
    const auto answer = post(kChat, with(R"("parallel_tool_calls":false)"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto request = model.requests().at(0);
    EXPECT_EQ(request.tools,
              (std::vector<engine::Tool>{
                  {"get_weather", "The weather", R"({"type":"object","properties":{"city":{"type":"string"}}})"},
                  {"hang_up", "", ""}}));
    EXPECT_EQ(request.tool_choice, engine::ToolChoice{});
    EXPECT_FALSE(request.parallel_tool_calls);
    const auto message = answer.json().at("choices").at(0).at("message").as_object();
    EXPECT_EQ(message.at("content"), "You said: Hi");
    EXPECT_FALSE(message.contains("tool_calls"));
}

TEST_F(ChatTools, ReadsEveryChoice) {
    open();
    using engine::ToolUse;
    const std::vector<std::pair<std::string, engine::ToolChoice>> choices = {
        {"null", {ToolUse::automatic, ""}},
        {R"("auto")", {ToolUse::automatic, ""}},
        {R"("none")", {ToolUse::none, ""}},
        {R"("required")", {ToolUse::required, ""}},
        {R"({"type":"function","function":{"name":"hang_up"}})", {ToolUse::required, "hang_up"}},
    };
    for (const auto& [text, choice] : choices) {
        EXPECT_EQ(post(kChat, with(R"("tool_choice":)" + text)).status, 200) << text;
        EXPECT_EQ(model.requests().back().tool_choice, choice) << text;
        EXPECT_TRUE(model.requests().back().parallel_tool_calls);
    }
    EXPECT_EQ(post(kChat, body(R"("tools":[],"tool_choice":"auto","parallel_tool_calls":null)")).status, 200);
    EXPECT_EQ(post(kChat, body(R"("tools":null,"tool_choice":"none")")).status, 200);
}

TEST_F(ChatTools, AnswersWithCalls) {
    model.answer_with_calls("One moment.", {{"", "get_weather", R"({"city": "Oslo"})"}, {"", "hang_up", "{}"}});
    open();
    const auto answer = post(kChat, with(R"("tool_choice":"auto")"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto completion = answer.json();
    const auto& choice = completion.at("choices").at(0);
    EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
    EXPECT_EQ(choice.at("message").at("content"), "One moment.");
    const auto& calls = choice.at("message").at("tool_calls").as_array();
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].at("type"), "function");
    EXPECT_EQ(calls[0].at("function").at("name"), "get_weather");
    EXPECT_EQ(calls[0].at("function").at("arguments"), R"({"city": "Oslo"})");
    EXPECT_EQ(calls[1].at("function").at("name"), "hang_up");
    EXPECT_TRUE(calls[0].at("id").as_string().starts_with("call_"));
    EXPECT_NE(calls[0].at("id"), calls[1].at("id"));
}

TEST_F(ChatTools, ACallWithoutWordsHasNoContent) {
    open();
    const auto answer = post(kChat, with(R"("tool_choice":"required")"));
    const auto message = answer.json().at("choices").at(0).at("message").as_object();
    EXPECT_TRUE(message.at("content").is_null());
    EXPECT_EQ(message.at("tool_calls").as_array().size(), 1U);
}

TEST_F(ChatTools, ACallThatIsCutShortSaysSo) {
    model.answer_with_calls("", {{"", "get_weather", R"({"city": "New York"})"}});
    open();
    const auto choice = post(kChat, with(R"("max_tokens":2)")).json().at("choices").at(0);
    EXPECT_EQ(choice.at("finish_reason"), "length");
    EXPECT_EQ(choice.at("message").at("tool_calls").at(0).at("function").at("arguments"), R"({"city": "New)");
}

TEST_F(ChatTools, StreamsCallsPieceByPiece) {
    model.answer_with_calls("Well.", {{"", "get_weather", R"({"city": "Oslo"})"}, {"", "hang_up", "{}"}});
    open();
    const auto all = events(post(kChat, with(R"("stream":true)")).body);
    ASSERT_EQ(all.size(), 7U);
    const auto delta = [&](std::size_t i) { return all[i].at("choices").at(0).at("delta").as_object(); };
    EXPECT_EQ(delta(0), (json::object{{"role", "assistant"}, {"content", ""}}));
    EXPECT_EQ(delta(1), (json::object{{"content", "Well."}}));
    const auto first = delta(2).at("tool_calls").at(0).as_object();
    EXPECT_EQ(first.at("index"), 0);
    EXPECT_EQ(first.at("type"), "function");
    EXPECT_TRUE(first.at("id").as_string().starts_with("call_"));
    EXPECT_EQ(first.at("function"), (json::object{{"name", "get_weather"}, {"arguments", R"({"city":)"}}));
    EXPECT_EQ(delta(3).at("tool_calls").at(0),
              (json::object{{"index", 0}, {"function", {{"arguments", R"( "Oslo"})"}}}}));
    EXPECT_EQ(delta(4).at("tool_calls").at(0).at("index"), 1);
    EXPECT_EQ(delta(4).at("tool_calls").at(0).at("function").at("name"), "hang_up");
    EXPECT_NE(delta(4).at("tool_calls").at(0).at("id"), first.at("id"));
    EXPECT_EQ(all[5].at("choices").at(0).at("finish_reason"), "tool_calls");
    EXPECT_EQ(all[6], "[DONE]");
}

TEST_F(ChatTools, AStreamThatBeginsWithACallHasNoContent) {
    open();
    const auto all = events(post(kChat, with(R"("stream":true,"tool_choice":"required")")).body);
    EXPECT_TRUE(all.at(0).at("choices").at(0).at("delta").at("content").is_null());
}

TEST_F(ChatTools, CallsAndTheirResultsAreRead) {
    open();
    const auto answer = post(kChat, after(
        R"({"role":"assistant","content":"I look."},{"role":"assistant","content":null,"tool_calls":[)" + call("a") + "," +
        call("b", R"({\"x\":1})") + R"(]},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"two"}]},
        {"role":"tool","tool_call_id":"a","content":""},{"role":"assistant","tool_calls":[)" + call("c") +
        R"(]},{"role":"tool","tool_call_id":"c","content":"three"})"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(model.requests().at(0).messages,
              (std::vector<Message>{{Role::user, "u"},
                                    {Role::assistant, "I look.", {{"a", "hang_up", "{}"}, {"b", "hang_up", R"({"x":1})"}}},
                                    {Role::tool, "two", {}, "b"},
                                    {Role::tool, "", {}, "a"},
                                    {Role::assistant, "", {{"c", "hang_up", "{}"}}},
                                    {Role::tool, "three", {}, "c"}}));
}

TEST_F(ChatTools, RefusesWrongTools) {
    open();
    const auto tools = [](const std::string& list) { return body(R"("tools":)" + list); };
    expect_refused(tools("{}"), "invalid_type", "tools");
    expect_refused(tools("[7]"), "invalid_type", "tools[0]");
    expect_refused(tools("[{}]"), "missing_required_parameter", "tools[0].type");
    expect_refused(tools(R"([{"type":"custom","custom":{"name":"f"}}])"), "unsupported", "tools[0].type");
    expect_refused(tools(R"([{"type":"function"}])"), "missing_required_parameter", "tools[0].function");
    expect_refused(tools(R"([{"type":"function","function":{}}])"), "missing_required_parameter", "tools[0].function.name");
    expect_refused(tools(R"([{"type":"function","function":{"name":"a b"}}])"), "invalid_value", "tools[0].function.name");
    expect_refused(tools(R"([{"type":"function","function":{"name":"f","parameters":1}}])"), "invalid_type",
                   "tools[0].function.parameters");
    const std::string f = R"({"type":"function","function":{"name":"f"}})";
    expect_refused(tools("[" + f + "," + f + "]"), "invalid_value", "tools[1].function.name");
    std::string many = f;
    for (int i = 0; i < 128; ++i) many += "," + f;
    expect_refused(tools("[" + many + "]"), "invalid_value", "tools");
    expect_refused(with(R"("tool_choice":"maybe")"), "invalid_value", "tool_choice");
    expect_refused(with(R"("tool_choice":1)"), "invalid_type", "tool_choice");
    expect_refused(with(R"("tool_choice":{"type":"function","function":{"name":"other"}})"), "invalid_value",
                   "tool_choice.function.name");
    expect_refused(with(R"("tool_choice":{"type":"allowed_tools"})"), "unsupported", "tool_choice.type");
    expect_refused(body(R"("tool_choice":"required")"), "invalid_value", "tool_choice");
    expect_refused(with(R"("parallel_tool_calls":1)"), "invalid_type", "parallel_tool_calls");
    EXPECT_EQ(model.requests().size(), 0U);
}

TEST_F(ChatTools, RefusesWrongCallsAndResults) {
    open();
    const auto calls = [](const std::string& list) {
        return after(R"({"role":"assistant","tool_calls":)" + list + R"(},{"role":"tool","tool_call_id":"a","content":"x"})");
    };
    EXPECT_EQ(post(kChat, calls("[" + call("a") + "]")).status, 200);
    expect_refused(calls("[]"), "missing_required_parameter", "messages[1].content");
    expect_refused(calls("1"), "invalid_type", "messages[1].tool_calls");
    expect_refused(calls("[1]"), "invalid_type", "messages[1].tool_calls[0]");
    expect_refused(calls("[" + call("") + "]"), "invalid_value", "messages[1].tool_calls[0].id");
    expect_refused(calls("[" + call("a", "no") + "]"), "invalid_value", "messages[1].tool_calls[0].function.arguments");
    expect_refused(calls("[" + call("a", "[]") + "]"), "invalid_value", "messages[1].tool_calls[0].function.arguments");
    expect_refused(calls("[" + call("a") + "," + call("a") + "]"), "invalid_value", "messages[1].tool_calls");
    expect_refused(calls("[" + call("a") + "," + call("b") + "]"), "invalid_value", "messages");
    expect_refused(calls("[" + call("b") + "]"), "invalid_value", "messages[2].tool_call_id");
    expect_refused(after(R"({"role":"tool","content":"x"})"), "missing_required_parameter", "messages[1].tool_call_id");
    expect_refused(after(R"({"role":"assistant","tool_calls":[)" + call("a") + R"(]},{"role":"user","content":"x"})"),
                   "invalid_value", "messages[2].role");
    expect_refused(after(R"({"role":"assistant","tool_calls":[)" + call("a") + "]}"), "invalid_value", "messages");
    EXPECT_EQ(model.requests().size(), 1U);
}

}  // namespace
}  // namespace antiphon::edge
