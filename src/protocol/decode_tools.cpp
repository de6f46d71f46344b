#include "protocol/decode_parts.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxTools = 128;

Tool decode_tool(const Fields& fields) {
    Tool tool;
    fields.require("type");
    const auto type = fields.text("type");
    if (type == "mcp")
        fields.unsupported("type", "MCP servers are not called from here; offer their tools as functions");
    else if (type)
        fields.word("type", {"function"});
    tool.name = fields.function_name("name");
    if (!fields.is_null("description")) tool.description = fields.text("description").value_or("");
    if (!fields.is_null("parameters"))
        if (const auto* parameters = fields.object("parameters")) tool.parameters = json::serialize(*parameters);
    // Arguments always follow the schema here, so "strict" asks for nothing.
    fields.allow_only({"type", "name", "description", "parameters", "strict"});
    return tool;
}

}  // namespace

std::optional<std::vector<Tool>> decode_tools(const Fields& fields) {
    const auto* given = fields.array("tools");
    if (given == nullptr) return std::nullopt;
    if (given->size() > kMaxTools) fields.fail("tools", "invalid_value", "must have at most 128 tools");
    std::vector<Tool> tools;
    for (std::size_t i = 0; i < given->size() && !fields.fault(); ++i) {
        const std::string name = "tools[" + std::to_string(i) + "]";
        const auto* object = (*given)[i].if_object();
        if (object == nullptr) {
            fields.fail(name, "invalid_type", "must be an object");
            break;
        }
        Tool tool = decode_tool({*object, fields.path(name), fields.fault()});
        if (std::any_of(tools.begin(), tools.end(), [&](const Tool& other) { return other.name == tool.name; }))
            fields.fail(name + ".name", "invalid_value", "is the name of another tool as well");
        tools.push_back(std::move(tool));
    }
    return tools;
}

std::optional<ToolChoice> decode_tool_choice(const Fields& fields) {
    const auto* choice = fields.find("tool_choice");
    if (choice == nullptr) return std::nullopt;
    if (const auto* object = choice->if_object()) {
        const Fields chosen(*object, fields.path("tool_choice"), fields.fault());
        chosen.require("type");
        const auto type = chosen.text("type");
        if (type == "mcp")
            chosen.unsupported("type", "MCP servers are not called from here");
        else if (type)
            chosen.word("type", {"function"});
        ToolChoice named{ToolChoice::Use::required, chosen.function_name("name")};
        chosen.allow_only({"type", "name"});
        return named;
    }
    if (!choice->is_string()) {
        fields.fail("tool_choice", "invalid_type", "must be a string or an object");
        return std::nullopt;
    }
    const auto word = fields.word("tool_choice", {"auto", "none", "required"});
    if (word == "none") return ToolChoice{ToolChoice::Use::none, ""};
    if (word == "required") return ToolChoice{ToolChoice::Use::required, ""};
    return ToolChoice{};
}

}  // namespace antiphon::protocol
