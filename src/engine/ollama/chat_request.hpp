// A GenerationRequest as the body of POST /api/chat.
//
// pure.
#pragma once

#include "engine/language_model.hpp"
#include "engine/ollama/ollama_settings.hpp"

#include <string>

namespace antiphon::engine::ollama {

/// `request` must have passed check_request(). A required tool is asked for as forced_call.hpp says.
std::string chat_request(const GenerationRequest& request, const OllamaSettings& settings);

}  // namespace antiphon::engine::ollama
