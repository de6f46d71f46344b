// GET /v1/models and GET /v1/models/{id}, and which names of models a request may use.
//
// thread-safe, as the services are.
#pragma once

#include "edge/reply.hpp"
#include "edge/services.hpp"

#include <string_view>

namespace antiphon::edge {

/// The conversation's name, and, once they are loaded, the engines' models.
Reply models_reply(const Services& services);
/// One of them; 404 `model_not_found` for another.
Reply model_reply(std::string_view name, const Services& services);

/// What a model is asked for.
enum class ModelUse { transcription, speech, chat, embedding };

/// Whether a request may name this model: one that is listed and serves that use, or any that begins as OpenAI's
/// own names for that use do ("whisper-", "gpt-", "tts-", "text-embedding-", ...), so that clients with such a
/// name built in work as they are.
bool model_serves(std::string_view name, ModelUse use, const Services& services);

/// 404 `model_not_found`.
Reply model_not_found_reply(std::string_view name);

}  // namespace antiphon::edge
