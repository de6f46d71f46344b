// What one response.create asks for.
//
// pure.
#pragma once

#include "think/item.hpp"

#include <optional>
#include <string>
#include <vector>

namespace antiphon::call {

struct ResponseRequest {
    std::string client_event_id;              ///< named in the error if it is refused
    std::optional<std::string> instructions;  ///< instead of the session's
    std::optional<bool> speaks;
    std::optional<std::optional<int>> max_output_tokens;
    std::optional<std::string> voice;
    std::optional<std::vector<engine::Tool>> tools;
    std::optional<engine::ToolChoice> tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::string metadata;                     ///< a JSON object, given back with the response
    bool in_conversation = true;              ///< "conversation": "none" leaves no trace in the history
    std::optional<std::vector<think::Item>> input;  ///< instead of the conversation
};

}  // namespace antiphon::call
