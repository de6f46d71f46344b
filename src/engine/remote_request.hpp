// The parts of a GenerationRequest that every server is told in the same way.
//
// pure.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>

namespace antiphon::engine {

/// What LanguageModel::generate() refuses as `invalid` before a server is asked: no messages, tools that cannot be
/// used or chosen, or (by estimate) a prompt that does not fit into the context.
base::Result<void> check_request(const GenerationRequest& request, std::size_t context_tokens);

/// How many tokens the answer may have: what is asked for, as far as the context has room beside the prompt.
int most_tokens(const GenerationRequest& request, std::size_t context_tokens);

/// {"type": "function", "function": {name, description, parameters}} of a tool that was checked.
boost::json::object tool_definition(const Tool& tool);

/// "user", "assistant", ...
const char* role_name(Role role);

/// The arguments of an earlier call as an object; what is none goes in as {"text": ...}, so that no server refuses
/// the conversation for it.
boost::json::object arguments_object(const std::string& arguments);

}  // namespace antiphon::engine
