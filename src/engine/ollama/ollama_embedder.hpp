// The embedder of an Ollama server, such as nomic-embed-text, by POST /api/embed.
//
// thread-safe. Texts that are too long are refused, not cut: by estimate before the server is asked, and by the
// server itself (truncate is off), which is then asked for one after the other to know which it was.
#pragma once

#include "engine/embedder.hpp"
#include "engine/ollama/ollama_settings.hpp"

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine::ollama {

class OllamaEmbedder final : public Embedder {
public:
    /// Looks whether the server has the model and embeds a word, which loads it and tells the vectors' length. Fails
    /// as check_model() and RemoteServer::fetch() do, and with `invalid` for an address that cannot be used.
    static base::Result<std::unique_ptr<OllamaEmbedder>> open(const OllamaSettings& settings, std::stop_token stop);

    /// As the interface says; a stop ends it at once. `unavailable` if the server cannot be reached or is late.
    base::Result<Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override;
    std::size_t dimensions() const noexcept override { return dimensions_; }
    std::size_t context_tokens() const noexcept override { return settings_.context_tokens; }

private:
    OllamaEmbedder(OllamaSettings settings, std::unique_ptr<RemoteServer> server);

    base::Result<Embeddings> ask(const std::vector<std::string>& texts, base::milliseconds within, std::stop_token stop);

    const OllamaSettings settings_;
    const std::unique_ptr<RemoteServer> server_;
    std::size_t dimensions_ = 0;
};

}  // namespace antiphon::engine::ollama
