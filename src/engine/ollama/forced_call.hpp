// A tool call that the model must make. Ollama has no tool_choice, but it can hold a model to a JSON Schema
// ("format"): the model is made to write {"name": ..., "arguments": ...}, which is read here as it comes.
//
// pure.
#pragma once

#include "engine/language_model.hpp"
#include "engine/remote_answer.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace antiphon::engine::ollama {

/// The schema of such a call: of the tool that the request names, or of any of its tools.
boost::json::object forced_call_schema(const GenerationRequest& request);

/// What the model is told of it, to stand in front of the conversation.
std::string forced_call_instructions(const GenerationRequest& request);

class ForcedCall {
public:
    explicit ForcedCall(RemoteAnswer& answer) : answer_(answer) {}

    /// The next part of what the model writes. `engine` if it is no such call.
    base::Result<void> take(std::string_view text);

private:
    enum class Part { head, arguments, done };

    base::Result<void> read_head();
    base::Result<void> read_arguments(std::string_view text);

    RemoteAnswer& answer_;
    Part part_ = Part::head;
    std::string head_;       ///< until the arguments begin
    int depth_ = 0;          ///< of the braces and brackets in the arguments
    bool in_text_ = false;
    bool escaped_ = false;
};

}  // namespace antiphon::engine::ollama
