#include "engine/remote_request.hpp"

#include "base/utf8.hpp"
#include "engine/token_estimate.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace antiphon::engine {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostTools = 128;
constexpr std::size_t kLongestSchema = 64 * 1024;

bool is_tool_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

base::Error invalid(const std::string& what, const char* field) {
    return base::error(base::Errc::invalid, what, field);
}

base::Result<void> check_tools(const GenerationRequest& request) {
    if (request.tools.size() > kMostTools)
        return invalid("at most " + std::to_string(kMostTools) + " tools can be offered", "tools");
    std::set<std::string> names;
    for (const Tool& tool : request.tools) {
        if (!is_tool_name(tool.name)) return invalid("a tool's name must be 1 to 64 letters, digits, '_' or '-'", "tools");
        if (!names.insert(tool.name).second) return invalid("two tools have the name '" + tool.name + "'", "tools");
        const std::string parameters = "the parameters of the tool '" + tool.name + "' ";
        if (tool.parameters.size() > kLongestSchema) return invalid(parameters + "are too large", "tools");
        if (tool.parameters.empty()) continue;
        boost::system::error_code failure;
        const json::value schema = json::parse(tool.parameters, failure);
        if (failure) return invalid(parameters + "are no JSON (" + failure.message() + ")", "tools");
        const json::object* object = schema.if_object();
        const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
        if (object == nullptr || (type != nullptr && *type != "object"))
            return invalid(parameters + "must be a JSON Schema of type object", "tools");
    }
    const ToolChoice& choice = request.tool_choice;
    if (choice.use == ToolUse::required && request.tools.empty())
        return invalid("a tool must be called, and none is offered", "tool_choice");
    if (choice.use == ToolUse::required && !choice.name.empty() && !names.contains(choice.name))
        return invalid("the tool '" + choice.name.substr(0, 64) + "' is not offered", "tool_choice");
    return {};
}

}  // namespace

base::Result<void> check_request(const GenerationRequest& request, std::size_t context_tokens) {
    if (request.messages.empty() || request.max_tokens < 1) return invalid("the conversation is empty", "messages");
    if (auto usable = check_tools(request); !usable) return usable;
    const std::size_t tokens = estimate_tokens(request);
    if (tokens >= context_tokens)
        return invalid("the conversation has about " + std::to_string(tokens) +
                           " tokens, and the language model takes fewer than " + std::to_string(context_tokens),
                       "messages");
    return {};
}

int most_tokens(const GenerationRequest& request, std::size_t context_tokens) {
    const std::size_t used = estimate_tokens(request);
    const std::size_t room = used < context_tokens ? context_tokens - used : 1;
    return static_cast<int>(std::min(static_cast<std::size_t>(request.max_tokens), room));
}

json::object tool_definition(const Tool& tool) {
    json::object function{{"name", tool.name}};
    if (!tool.description.empty()) function["description"] = base::to_utf8(tool.description);
    boost::system::error_code failure;
    json::value schema = json::parse(tool.parameters.empty() ? "{}" : tool.parameters, failure);
    json::object parameters = schema.is_object() ? std::move(schema.get_object()) : json::object();
    parameters["type"] = "object";
    if (!parameters.contains("properties")) parameters["properties"] = json::object();
    function["parameters"] = std::move(parameters);
    return {{"type", "function"}, {"function", std::move(function)}};
}

const char* role_name(Role role) {
    switch (role) {
        case Role::system: return "system";
        case Role::user: return "user";
        case Role::assistant: return "assistant";
        case Role::tool: return "tool";
    }
    return "user";
}

json::object arguments_object(const std::string& arguments) {
    boost::system::error_code failure;
    json::value value = json::parse(arguments, failure);
    if (!failure && value.is_object()) return std::move(value.get_object());
    if (arguments.empty()) return {};
    return {{"text", base::to_utf8(arguments)}};
}

}  // namespace antiphon::engine
