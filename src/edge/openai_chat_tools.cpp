#include "edge/openai_chat_tools.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using protocol::Fields;

constexpr std::size_t kMaxTools = 128;

/// Gives the fields of the "function" inside to `take`.
void read_function(const Fields& fields, const std::function<void(const Fields& function)>& take) {
    const std::string type = fields.required_text("type");
    if (type == "custom" || type == "allowed_tools")
        fields.unsupported("type", "tools are functions here, and " + protocol::quoted(type) + " is not to be had");
    fields.word("type", {"function"});
    fields.require("function");
    if (const auto* function = fields.object("function")) take({*function, fields.path("function"), fields.fault()});
}

/// As read_function(), of each object in the array; absent and null are as empty.
void read_functions(const Fields& fields, std::string_view key,
                    const std::function<void(const Fields& outside, const Fields& function)>& take) {
    if (fields.is_null(key)) return;
    const json::array* given = fields.array(key);
    if (given == nullptr) return;
    if (given->size() > kMaxTools)
        fields.fail(key, "invalid_value", "must have at most " + std::to_string(kMaxTools) + " elements");
    for (std::size_t i = 0; i < given->size() && !fields.fault(); ++i) {
        const std::string place = std::string(key) + "[" + std::to_string(i) + "]";
        const auto* object = (*given)[i].if_object();
        if (object == nullptr) return fields.fail(place, "invalid_type", "must be an object");
        const Fields outside(*object, fields.path(place), fields.fault());
        read_function(outside, [&](const Fields& function) { take(outside, function); });
    }
}

bool is_offered(const std::vector<engine::Tool>& tools, const std::string& name) {
    return std::any_of(tools.begin(), tools.end(), [&](const engine::Tool& tool) { return tool.name == name; });
}

}  // namespace

std::vector<engine::Tool> read_chat_tools(const Fields& request) {
    std::vector<engine::Tool> tools;
    read_functions(request, "tools", [&](const Fields&, const Fields& function) {
        engine::Tool tool;
        tool.name = function.function_name("name");
        if (is_offered(tools, tool.name)) function.fail("name", "invalid_value", "is the name of another tool as well");
        if (!function.is_null("description")) tool.description = function.text("description").value_or("");
        // Arguments always follow the schema here, so "strict" asks for nothing.
        if (!function.is_null("parameters"))
            if (const auto* parameters = function.object("parameters")) tool.parameters = json::serialize(*parameters);
        tools.push_back(std::move(tool));
    });
    return tools;
}

engine::ToolChoice read_chat_tool_choice(const Fields& request, const std::vector<engine::Tool>& tools) {
    engine::ToolChoice choice;
    const json::value* given = request.find("tool_choice");
    if (given == nullptr || given->is_null()) return choice;
    if (const auto* object = given->if_object()) {
        choice.use = engine::ToolUse::required;
        read_function({*object, "tool_choice", request.fault()}, [&](const Fields& function) {
            choice.name = function.function_name("name");
            if (!is_offered(tools, choice.name)) function.fail("name", "invalid_value", "is not among the tools");
        });
        return choice;
    }
    if (!given->is_string()) {
        request.fail("tool_choice", "invalid_type", "must be a string or an object");
        return choice;
    }
    const auto word = request.word("tool_choice", {"auto", "none", "required"});
    if (word == "none") choice.use = engine::ToolUse::none;
    if (word == "required") {
        choice.use = engine::ToolUse::required;
        if (tools.empty()) request.fail("tool_choice", "invalid_value", "asks for a tool, and there is none");
    }
    return choice;
}

std::vector<engine::ToolCall> read_chat_tool_calls(const Fields& message) {
    std::vector<engine::ToolCall> calls;
    read_functions(message, "tool_calls", [&](const Fields& outside, const Fields& function) {
        engine::ToolCall call{outside.required_text("id"), function.function_name("name"), {}};
        function.require("arguments");
        call.arguments = function.text("arguments").value_or("");
        boost::system::error_code fault;
        if (const auto value = json::parse(call.arguments, fault); fault || !value.is_object())
            function.fail("arguments", "invalid_value", "must be a string with a JSON object");
        calls.push_back(std::move(call));
    });
    return calls;
}

}  // namespace antiphon::edge
