// The language models that answer, one standing in for the next: Ollama's, an OpenAI-compatible server's, the one in this
// process (docs/language-models.md).
//
// On the loading thread.
#pragma once

#include "app/engines.hpp"
#include "base/result.hpp"
#include "engine/language_model_chain.hpp"
#include "engine/ollama/ollama_settings.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace antiphon::app {

/// What the language model in this process may take of the machine.
struct EmbeddedShare {
    int threads = 1;
    int places = 1;  ///< conversations at once
    bool on_gpu = false;
};

/// In the order of language_model_order(), checked and warm. Fails when none can be used, or the one in this process
/// cannot be opened.
base::Result<std::unique_ptr<engine::LanguageModelChain>> open_language_models(const Engines::Loading& loading,
                                                                               const EmbeddedShare& share,
                                                                               const std::stop_token& stop);

/// How a model of the settings' Ollama is reached.
engine::ollama::OllamaSettings ollama_of(const Engines::Loading& loading, const std::string& model);

}  // namespace antiphon::app
