#include "engine/ollama/chat_request.hpp"

#include "base/utf8.hpp"
#include "engine/ollama/forced_call.hpp"
#include "engine/ollama/ollama_models.hpp"
#include "engine/remote_request.hpp"

#include <boost/json.hpp>

#include <map>
#include <utility>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

json::array messages_of(const GenerationRequest& request) {
    json::array messages;
    std::map<std::string, std::string> tools;  // by the id of the call
    for (const Message& message : request.messages) {
        json::object one{{"role", role_name(message.role)}, {"content", base::to_utf8(message.text)}};
        if (message.role == Role::tool) {
            one["tool_call_id"] = base::to_utf8(message.call_id);
            if (const auto named = tools.find(message.call_id); named != tools.end())
                one["tool_name"] = base::to_utf8(named->second);
        }
        if (!message.calls.empty()) {
            json::array calls;
            for (const ToolCall& call : message.calls) {
                tools[call.id] = call.name;
                calls.push_back({{"id", base::to_utf8(call.id)},
                                 {"function",
                                  {{"index", calls.size()},
                                   {"name", base::to_utf8(call.name)},
                                   {"arguments", arguments_object(call.arguments)}}}});
            }
            one["tool_calls"] = std::move(calls);
        }
        messages.push_back(std::move(one));
    }
    return messages;
}

/// Behind the system message, if there is one, so that the beginning stays the same from turn to turn.
void add_instructions(json::array& messages, const std::string& text) {
    if (!messages.empty() && messages.front().as_object()["role"] == "system") {
        json::value& content = messages.front().as_object()["content"];
        content = std::string(content.as_string()) + "\n\n" + text;
    } else {
        messages.insert(messages.begin(), json::object{{"role", "system"}, {"content", text}});
    }
}

}  // namespace

std::string chat_request(const GenerationRequest& request, const OllamaSettings& settings) {
    json::object options{{"num_ctx", settings.context_tokens},
                         {"num_predict", most_tokens(request, settings.context_tokens)},
                         {"temperature", request.temperature},
                         {"top_p", settings.top_p},
                         {"repeat_penalty", settings.repetition_penalty}};
    if (request.seed) options["seed"] = *request.seed;
    json::object body{{"model", settings.model},
                      {"stream", true},
                      {"keep_alive", keep_alive_value(settings.keep_alive)},
                      {"think", false},
                      {"truncate", false},
                      {"shift", false},
                      {"options", std::move(options)}};
    json::array messages = messages_of(request);
    if (request.tool_choice.use == ToolUse::required) {
        add_instructions(messages, forced_call_instructions(request));
        body["format"] = forced_call_schema(request);
    } else if (request.tool_choice.use == ToolUse::automatic && !request.tools.empty()) {
        json::array tools;
        for (const Tool& tool : request.tools) tools.push_back(tool_definition(tool));
        body["tools"] = std::move(tools);
    }
    body["messages"] = std::move(messages);
    return json::serialize(body);
}

}  // namespace antiphon::engine::ollama
