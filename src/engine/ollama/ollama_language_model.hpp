// The language model of an Ollama server: llama3.2:3b and its like, by POST /api/chat.
//
// thread-safe. The answer comes as one JSON object a line. A stopped answer's connection is closed, which ends the
// work in Ollama. keep_alive with every question keeps the model in the server's memory, and the context's size is
// the same in all of them, since Ollama loads a model anew for another size. What was computed for earlier turns
// Ollama keeps as it likes and does not tell (cached_tokens is 0); forget() has nothing to do. How many tokens a text
// has, only the server knows: here it is estimated. Ollama is told to refuse a prompt that is too long (truncate and
// shift are off): it would otherwise leave out the oldest messages in silence.
// Source: Ollama's docs/api.md and api/types.go, version 0.17.
#pragma once

#include "engine/language_model.hpp"
#include "engine/ollama/ollama_settings.hpp"
#include "engine/remote_places.hpp"
#include "engine/remote_server.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace antiphon::engine::ollama {

class OllamaLanguageModel final : public LanguageModel {
public:
    /// `invalid` for an address, a name or a number that cannot be used. Does not reach for the server.
    static base::Result<std::unique_ptr<OllamaLanguageModel>> open(const OllamaSettings& settings);

    /// Looks whether the server has the model and makes it load it, which can take minutes. Fails as check_model()
    /// and RemoteServer::fetch() do.
    base::Result<void> check(std::stop_token stop);

    /// As the interface says, and with
    ///   unavailable  the server cannot be reached, is late, or broke off
    ///   not_found    it does not have the model (any more)
    ///   unsupported  the model cannot do what was asked for, such as use tools
    base::Result<Generation> generate(const GenerationRequest& request, const Sink& sink, std::stop_token stop) override;
    void forget(ConversationId) override {}
    std::size_t parallel() const noexcept override { return places_.count(); }
    std::size_t context_tokens() const noexcept override { return settings_.context_tokens; }
    std::size_t count_tokens(std::string_view text) const override;

    const std::string& model() const noexcept { return settings_.model; }

private:
    OllamaLanguageModel(OllamaSettings settings, std::unique_ptr<RemoteServer> server);

    const OllamaSettings settings_;
    const std::unique_ptr<RemoteServer> server_;
    RemotePlaces places_;
};

}  // namespace antiphon::engine::ollama
