// A GenerationRequest as the body of POST /chat/completions.
//
// pure.
#pragma once

#include "engine/language_model.hpp"

#include <string>

namespace antiphon::engine::openai {

/// `request` must have passed check_request().
std::string chat_request(const GenerationRequest& request, const std::string& model, int most_tokens, float top_p);

}  // namespace antiphon::engine::openai
