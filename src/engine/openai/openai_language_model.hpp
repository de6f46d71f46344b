// The language model of any server that speaks OpenAI's chat completions: vLLM, llama-server, LM Studio, ...
//
// thread-safe. POST <base>/chat/completions, streamed as server-sent events. A stopped answer's connection is
// closed, which these servers take as the end of the work. What was computed for earlier turns is kept by the server
// as it likes: the order of messages is kept from turn to turn, so that its prefix cache finds them, and forget()
// has nothing to do. How many tokens a text has, only the server knows: here it is estimated.
// Source: https://platform.openai.com/docs/api-reference/chat (request, chunk and error objects).
#pragma once

#include "engine/language_model.hpp"
#include "engine/remote_places.hpp"
#include "engine/remote_server.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace antiphon::engine::openai {

struct OpenAiSettings {
    std::string base_url;  ///< with the version, as clients of that API have it: http://host:8000/v1
    std::string key{};     ///< empty: none is sent
    std::string model{};   ///< empty: the first that the server lists, found out by check()
    std::size_t context_tokens = 4096;
    std::size_t places = 32;
    float top_p = 0.95F;
    RemoteLimits limits{};
};

class OpenAiLanguageModel final : public LanguageModel {
public:
    /// `invalid` for an address or a number that cannot be used. Does not reach for the server.
    static base::Result<std::unique_ptr<OpenAiLanguageModel>> open(const OpenAiSettings& settings);

    /// Asks the server for its models. `not_found` if ours is not among them (the sentence names some that are);
    /// otherwise as RemoteServer::fetch(). A server without such a list is believed when a model is named.
    base::Result<void> check(std::stop_token stop);

    /// As the interface says, and with
    ///   unavailable  the server cannot be reached, is late, or broke off
    ///   not_found    it does not have the model (any more)
    ///   unsupported  it refuses what was asked for, such as tools
    base::Result<Generation> generate(const GenerationRequest& request, const Sink& sink, std::stop_token stop) override;
    void forget(ConversationId) override {}
    std::size_t parallel() const noexcept override { return places_.count(); }
    std::size_t context_tokens() const noexcept override { return settings_.context_tokens; }
    std::size_t count_tokens(std::string_view text) const override;

    /// The model's name, empty while it is not known.
    std::string model() const;

private:
    OpenAiLanguageModel(OpenAiSettings settings, std::unique_ptr<RemoteServer> server);

    const OpenAiSettings settings_;
    const std::unique_ptr<RemoteServer> server_;
    RemotePlaces places_;
    mutable std::mutex mutex_;
    std::string model_;
};

}  // namespace antiphon::engine::openai
