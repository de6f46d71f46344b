// Asking a LanguageModel for tool calls: schemas with questions, requests, and replies with their faults.
#pragma once

#include "base/utf8.hpp"
#include "contract/json_schema_check.hpp"
#include "engine/language_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::engine {

/// One answer with its calls.
struct Reply {
    base::Result<Generation> result{Generation{}};
    std::string words;
    std::vector<ToolCall> calls;     ///< without ids
    std::vector<std::string> faults;  ///< of the fragments' order
    std::size_t fragments = 0;
};

inline Reply reply_to(LanguageModel& model, const GenerationRequest& request, std::stop_token stop = {},
                      const std::function<void(const Reply&)>& at_each = [](const Reply&) {}) {
    Reply reply;
    reply.result = model.generate(
        request,
        [&](const Fragment& fragment) {
            ++reply.fragments;
            const auto fault = [&](const char* what) { reply.faults.emplace_back(what); };
            if (fragment.text.empty()) fault("an empty fragment");
            if (!base::is_utf8(fragment.text)) fault("half a character");
            if (!fragment.call) {
                if (!reply.calls.empty()) fault("words after a call");
                reply.words += fragment.text;
            } else {
                const bool first = *fragment.call == reply.calls.size();
                if (first) reply.calls.push_back({"", std::string(fragment.tool), ""});
                if (*fragment.call + 1 != reply.calls.size()) fault("a call out of order");
                if (first == fragment.tool.empty()) fault("a name in the wrong place");
                reply.calls.back().arguments += fragment.text;
            }
            at_each(reply);
        },
        std::move(stop));
    return reply;
}

struct ToolCase {
    const char* name;
    const char* schema;
    const char* question;
    const char* fitting;  ///< arguments that fit
    const char* misfit;   ///< and some that do not: the check itself is checked
};

inline const std::vector<ToolCase>& tool_cases() {
    static const std::vector<ToolCase> cases = {
        {"get_weather", R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})",
         "What is the weather in Paris?", R"({"city": "Paris"})", R"({"town": "Paris"})"},
        {"get_time", R"({"type":"object","properties":{}})", "What time is it?", "{}", "[]"},
        {"set_light", R"({"type":"object","properties":{"on":{"type":"boolean"}},"required":["on"]})",
         "Turn on the light.", R"({"on": true})", R"({"on": "yes"})"},
        {"set_mode", R"({"type":"object","properties":{"mode":{"type":"string","enum":["heat","cool","off"]}},"required":["mode"]})",
         "Please cool the house.", R"({"mode": "cool"})", R"({"mode": "warm"})"},
        {"set_volume", R"({"type":"object","properties":{"level":{"type":"integer","minimum":0,"maximum":10}},"required":["level"]})",
         "Set the volume to seven.", R"({"level": 7})", R"({"level": 11})"},
        {"wait", R"({"type":"object","properties":{"seconds":{"type":"integer","minimum":105}},"required":["seconds"]})",
         "Wait for two minutes.", R"({"seconds": 120})", R"({"seconds": 15})"},
        {"move", R"({"type":"object","properties":{"x":{"type":"number"},"y":{"type":"number"}},"required":["x","y"]})",
         "Move to 1.5 and 2.5.", R"({"x": 1.5, "y": -2})", R"({"x": 1.5})"},
        {"add_items", R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":3}},"required":["items"]})",
         "Put milk and bread on my list.", R"({"items": ["milk", "bread"]})", R"({"items": []})"},
        {"book_table", R"({"type":"object","properties":{"guest":{"type":"object","properties":{"name":{"type":"string"},"phone":{"type":"string"}},"required":["name"]},"people":{"type":"integer","minimum":1,"maximum":20}},"required":["guest","people"]})",
         "Book a table for four in the name of Smith.", R"({"guest": {"name": "Smith"}, "people": 4})", R"({"guest": {}, "people": 4})"},
        {"find_route", R"({"type":"object","properties":{"from":{"type":"string"},"to":{"type":"string"},"by":{"enum":["car","train","foot"]}},"required":["from","to"]})",
         "How do I get from London to Oxford by train?", R"({"from": "London", "to": "Oxford", "by": "train"})", R"({"from": "London", "by": "train"})"},
        {"convert", R"({"type":"object","properties":{"amount":{"type":"number"},"unit":{"const":"EUR"}},"required":["amount","unit"],"additionalProperties":false})",
         "Convert ten euros.", R"({"amount": 10, "unit": "EUR"})", R"({"amount": 10, "unit": "USD"})"},
        {"set_alarm", R"({"type":"object","properties":{"date":{"type":"string","format":"date"},"label":{"type":"string","maxLength":12}},"required":["date"]})",
         "Wake me on the first of May 2027.", R"({"date": "2027-05-01"})", R"({"label": "up"})"},
        {"maybe", R"({"type":"object","properties":{"note":{"type":["string","null"]}},"required":["note"]})",
         "Remember nothing.", R"({"note": null})", R"({"note": 3})"},
        {"either", R"({"type":"object","properties":{"id":{"anyOf":[{"type":"integer","minimum":1},{"type":"string","minLength":2}]}},"required":["id"]})",
         "Look up order 42.", R"({"id": 42})", R"({"id": 0})"},
        {"matrix", R"({"type":"object","properties":{"rows":{"type":"array","items":{"type":"array","items":{"type":"integer","minimum":0,"maximum":9},"minItems":2,"maxItems":2},"minItems":2,"maxItems":2}},"required":["rows"]})",
         "Give me a matrix of ones.", R"({"rows": [[1, 1], [1, 1]]})", R"({"rows": [[1, 1]]})"},
        {"rate", R"({"type":"object","properties":{"stars":{"type":"integer","enum":[1,2,3,4,5]},"words":{"type":"string","maxLength":40}},"required":["stars","words"]})",
         "Five stars, it was great.", R"({"stars": 5, "words": "great"})", R"({"stars": 6, "words": "great"})"},
        {"quoted", R"({"type":"object","properties":{"a \"b\"":{"type":"integer"},"new\nline":{"type":"boolean"}},"required":["a \"b\"","new\nline"]})",
         "Go on.", R"({"a \"b\"": 1, "new\nline": false})", R"({"a": 1})"},
        {"unicode", R"({"type":"object","properties":{"größe":{"type":"string","enum":["klein","groß"]},"時":{"type":"integer"}},"required":["größe","時"]})",
         "Nimm die große.", R"({"größe": "groß", "時": 3})", R"({"größe": "riesig", "時": 3})"},
        {"code", R"({"type":"object","properties":{"pin":{"type":"string","pattern":"^[0-9]{4}$","minLength":4}},"required":["pin"]})",
         "My pin is 1234.", R"({"pin": "1234"})", R"({"pin": 1234})"},
        {"below_zero", R"({"type":"object","properties":{"celsius":{"type":"integer","maximum":-5}},"required":["celsius"]})",
         "Freeze it at minus eighteen.", R"({"celsius": -18})", R"({"celsius": 4})"},
        {"above", R"({"type":"object","properties":{"n":{"type":"integer","exclusiveMinimum":999}},"required":["n"]})",
         "A number over a thousand.", R"({"n": 1000})", R"({"n": 999})"},
        {"deep", R"({"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"object","properties":{"c":{"type":"array","items":{"type":"object","properties":{"d":{"type":"boolean"}},"required":["d"]},"minItems":1,"maxItems":2}},"required":["c"]}},"required":["b"]}},"required":["a"]})",
         "Yes.", R"({"a": {"b": {"c": [{"d": true}]}}})", R"({"a": {"b": {"c": [{}]}}})"},
        {"send_mail", R"({"type":"object","properties":{"to":{"type":"string","format":"email"},"subject":{"type":"string"},"body":{"type":"string"},"urgent":{"type":"boolean"}},"required":["to","subject","body"]})",
         "Write to bob@example.com that I am late.", R"({"to": "bob@example.com", "subject": "Late", "body": "I am late."})", R"({"to": "bob@example.com"})"},
    };
    return cases;
}

inline Tool tool_of(const ToolCase& of) { return {of.name, "Does what its name says.", of.schema}; }
inline const Tool kWeather = tool_of(tool_cases().front());

inline GenerationRequest request_of(std::uint64_t id, const std::string& question, std::vector<Tool> tools,
                                    ToolChoice choice = {}) {
    GenerationRequest request;
    request.conversation = ConversationId{id};
    request.messages = {{Role::system, "You are a helpful voice assistant."}, {Role::user, question}};
    request.tools = std::move(tools);
    request.tool_choice = std::move(choice);
    request.max_tokens = 120;
    return request;
}

inline void expect_fits(const ToolCall& call, const char* schema) {
    boost::system::error_code failure;
    const auto value = boost::json::parse(call.arguments, failure);
    ASSERT_FALSE(failure) << call.name << ": " << failure.message() << ": " << call.arguments;
    EXPECT_EQ(misfit(boost::json::parse(schema), value), "") << call.name;
}

inline const ToolChoice kRequired{ToolUse::required, ""};

}  // namespace antiphon::engine
