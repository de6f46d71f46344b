#include "engine/openai/chat_request.hpp"

#include "base/utf8.hpp"
#include "engine/remote_request.hpp"

#include <boost/json.hpp>

#include <utility>

namespace antiphon::engine::openai {
namespace {

namespace json = boost::json;

json::object message_of(const Message& message) {
    json::object one{{"role", role_name(message.role)}, {"content", base::to_utf8(message.text)}};
    if (message.role == Role::tool) one["tool_call_id"] = base::to_utf8(message.call_id);
    if (message.calls.empty()) return one;
    json::array calls;
    for (const ToolCall& call : message.calls)
        calls.push_back({{"id", base::to_utf8(call.id)},
                         {"type", "function"},
                         {"function",
                          {{"name", base::to_utf8(call.name)},
                           {"arguments", json::serialize(arguments_object(call.arguments))}}}});
    one["tool_calls"] = std::move(calls);
    return one;
}

json::value choice_of(const ToolChoice& choice) {
    if (choice.use == ToolUse::none) return "none";
    if (choice.use == ToolUse::automatic) return "auto";
    if (choice.name.empty()) return "required";
    return {{"type", "function"}, {"function", {{"name", choice.name}}}};
}

}  // namespace

std::string chat_request(const GenerationRequest& request, const std::string& model, int most_tokens, float top_p) {
    json::object body{{"model", model},
                      {"stream", true},
                      {"stream_options", {{"include_usage", true}}},
                      {"max_tokens", most_tokens},
                      {"temperature", request.temperature}};
    if (request.temperature > 0.0F) body["top_p"] = top_p;
    if (request.seed) body["seed"] = *request.seed;
    json::array messages;
    for (const Message& message : request.messages) messages.push_back(message_of(message));
    body["messages"] = std::move(messages);
    if (!request.tools.empty()) {
        json::array tools;
        for (const Tool& tool : request.tools) tools.push_back(tool_definition(tool));
        body["tools"] = std::move(tools);
        body["tool_choice"] = choice_of(request.tool_choice);
        if (!request.parallel_tool_calls) body["parallel_tool_calls"] = false;
    }
    return json::serialize(body);
}

}  // namespace antiphon::engine::openai
