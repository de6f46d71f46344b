#include "engine/ollama/forced_call.hpp"

#include "engine/remote_request.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestHead = 512;

bool wanted(const GenerationRequest& request, const Tool& tool) {
    return request.tool_choice.name.empty() || request.tool_choice.name == tool.name;
}

/// The text up to and with `mark`, where white space may stand before each of its characters outside of quotes.
/// Nothing while too little is there; npos if the text is another.
std::optional<std::size_t> behind(std::string_view text, std::size_t at, std::string_view mark) {
    bool quoted = false;
    for (const char c : mark) {
        if (!quoted) at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
        if (at >= text.size()) return std::nullopt;
        if (text[at++] != c) return std::string_view::npos;
        if (c == '"') quoted = !quoted;
    }
    return at;
}

base::Error no_call() {
    return base::error(base::Errc::engine, "the language model did not call a tool, as it was told to");
}

}  // namespace

json::object forced_call_schema(const GenerationRequest& request) {
    json::array choices;
    json::object definitions;
    for (const Tool& tool : request.tools) {
        if (!wanted(request, tool)) continue;
        json::object arguments = tool_definition(tool)["function"].as_object()["parameters"].as_object();
        // References are looked up from the root of the whole schema.
        for (const char* key : {"$defs", "definitions"})
            if (json::value* own = arguments.if_contains(key)) {
                definitions[key] = std::move(*own);
                arguments.erase(key);
            }
        choices.push_back({{"type", "object"},
                           {"properties", {{"name", {{"const", tool.name}}}, {"arguments", std::move(arguments)}}},
                           {"required", {"name", "arguments"}}});
    }
    json::object schema = choices.size() == 1 ? std::move(choices.front().get_object())
                                              : json::object{{"anyOf", std::move(choices)}};
    for (auto& [key, value] : definitions) schema[key] = std::move(value);
    return schema;
}

std::string forced_call_instructions(const GenerationRequest& request) {
    std::string text =
        "You must call a function now. Answer with nothing but a JSON object {\"name\": <function-name>, "
        "\"arguments\": <args-json-object>}. The functions:\n";
    for (const Tool& tool : request.tools)
        if (wanted(request, tool)) text += json::serialize(tool_definition(tool)["function"]) + "\n";
    return text;
}

base::Result<void> ForcedCall::take(std::string_view text) {
    switch (part_) {
        case Part::head: head_ += text; return read_head();
        case Part::arguments: return read_arguments(text);
        case Part::done: return {};
    }
    return {};
}

base::Result<void> ForcedCall::read_head() {
    const auto begin = behind(head_, 0, "{\"name\":\"");
    if (begin == std::string_view::npos || head_.size() > kLongestHead) return no_call();
    if (!begin) return {};
    const auto quote = head_.find('"', *begin);
    if (quote == std::string::npos) return {};
    const auto arguments = behind(head_, quote + 1, ",\"arguments\":");
    if (arguments == std::string_view::npos) return no_call();
    if (!arguments) return {};
    if (auto begun = answer_.begin_call(std::string_view(head_).substr(*begin, quote - *begin)); !begun) return begun;
    part_ = Part::arguments;
    return read_arguments(std::string_view(head_).substr(*arguments));
}

base::Result<void> ForcedCall::read_arguments(std::string_view text) {
    if (depth_ == 0) {
        const auto first = text.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos) return {};
        text.remove_prefix(first);
        if (text.front() != '{') return no_call();
    }
    std::size_t count = 0;
    while (count < text.size()) {
        const char c = text[count++];
        if (escaped_) escaped_ = false;
        else if (in_text_ && c == '\\') escaped_ = true;
        else if (c == '"') in_text_ = !in_text_;
        else if (!in_text_ && (c == '{' || c == '[')) ++depth_;
        else if (!in_text_ && (c == '}' || c == ']') && --depth_ == 0) {
            part_ = Part::done;
            break;
        }
    }
    return answer_.arguments(text.substr(0, count));
}

}  // namespace antiphon::engine::ollama
