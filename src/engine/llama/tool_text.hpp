// How tools, their calls and what they gave back are written for the model: the form that Hermes and Qwen
// are trained on, which is also plain enough to be learned from its description.
//
// pure. Source of the form: the chat template of Qwen2.5-Instruct.
#pragma once

#include "engine/language_model.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::llama {

/// A part of a message: the form's own marks, or what came from outside. Only marks may become control tokens.
struct Part {
    std::string text;
    bool mark = false;
};
using Parts = std::vector<Part>;

inline constexpr std::string_view kCallOpen = "<tool_call>";
inline constexpr std::string_view kCallHead = "\n{\"name\": \"";           ///< then the name
inline constexpr std::string_view kCallArguments = "\", \"arguments\":";  ///< then " " and a JSON object
inline constexpr std::string_view kCallClose = "}\n</tool_call>";
inline constexpr std::string_view kBetweenCalls = "\n";

/// The names that stand in the form's marks; some vocabularies have a token for each.
inline constexpr std::array<std::string_view, 6> kMarks = {"<tool_call>",      "</tool_call>", "<tool_response>",
                                                           "</tool_response>", "<tools>",      "</tools>"};

/// Appends what a system prompt says of the tools.
void describe_tools(Parts& parts, const std::vector<Tool>& tools);

/// Appends the calls of an assistant's message, after its words.
void append_calls(Parts& parts, const std::vector<ToolCall>& calls);

/// Appends what a tool gave back.
void append_result(Parts& parts, const std::string& result);

}  // namespace antiphon::engine::llama
