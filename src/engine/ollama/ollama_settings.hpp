// How an Ollama server is reached, for its language models and its embedders.
//
// pure. Values only.
#pragma once

#include "engine/remote_server.hpp"

#include <cstddef>
#include <string>

namespace antiphon::engine::ollama {

struct OllamaSettings {
    std::string base_url;  ///< http://ollama:11434
    std::string model;     ///< llama3.2:3b; without a tag "latest" is meant
    /// How long the server keeps the model in memory after a question, in Ollama's words: "30m", "-1" is for ever.
    std::string keep_alive = "30m";
    std::size_t context_tokens = 4096;
    std::size_t places = 32;  ///< of a language model
    float top_p = 0.95F;
    float repetition_penalty = 1.1F;
    RemoteLimits limits{};
};

}  // namespace antiphon::engine::ollama
