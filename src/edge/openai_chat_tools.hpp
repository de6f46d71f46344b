// Tools and their calls as POST /v1/chat/completions has them, where each is nested in a "function".
//
// pure. What is wrong leaves a fault in the fields.
#pragma once

#include "engine/language_model.hpp"
#include "protocol/fields.hpp"

#include <vector>

namespace antiphon::edge {

/// The request's "tools". Whether their schemas can be held to, the engine says.
std::vector<engine::Tool> read_chat_tools(const protocol::Fields& request);

/// The request's "tool_choice", which must be one that these tools can meet.
engine::ToolChoice read_chat_tool_choice(const protocol::Fields& request, const std::vector<engine::Tool>& tools);

/// The "tool_calls" of an assistant's message.
std::vector<engine::ToolCall> read_chat_tool_calls(const protocol::Fields& message);

}  // namespace antiphon::edge
