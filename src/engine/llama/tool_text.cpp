#include "engine/llama/tool_text.hpp"

#include "base/utf8.hpp"

#include <boost/json.hpp>

namespace antiphon::engine::llama {
namespace {

namespace json = boost::json;

/// The tool as the client gave it, in one line.
std::string described(const Tool& tool) {
    json::object function;
    function["name"] = tool.name;
    if (!tool.description.empty()) function["description"] = base::to_utf8(tool.description);
    boost::system::error_code failure;
    json::value parameters = json::parse(tool.parameters.empty() ? "{}" : tool.parameters, failure);
    function["parameters"] = failure ? json::value(json::object()) : std::move(parameters);
    return json::serialize(json::object{{"type", "function"}, {"function", std::move(function)}});
}

}  // namespace

void describe_tools(Parts& parts, const std::vector<Tool>& tools) {
    std::string before = parts.empty() ? "" : "\n\n";
    before +=
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
    parts.push_back({std::move(before), true});
    for (const Tool& tool : tools) {
        parts.push_back({"\n", true});
        parts.push_back({described(tool), false});
    }
    parts.push_back({"\n</tools>\n\nFor each function call, return a json object with function name and arguments "
                     "within <tool_call></tool_call> XML tags:\n<tool_call>\n"
                     "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>",
                     true});
}

void append_calls(Parts& parts, const std::vector<ToolCall>& calls) {
    for (const ToolCall& call : calls) {
        if (!parts.empty()) parts.push_back({std::string(kBetweenCalls), true});
        parts.push_back({std::string(kCallOpen) + std::string(kCallHead), true});
        parts.push_back({base::to_utf8(call.name), false});
        parts.push_back({std::string(kCallArguments), true});
        parts.push_back({" " + base::to_utf8(call.arguments), false});
        parts.push_back({std::string(kCallClose), true});
    }
}

void append_result(Parts& parts, const std::string& result) {
    parts.push_back({parts.empty() ? "<tool_response>\n" : "\n<tool_response>\n", true});
    parts.push_back({base::to_utf8(result), false});
    parts.push_back({"\n</tool_response>", true});
}

}  // namespace antiphon::engine::llama
