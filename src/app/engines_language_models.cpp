#include "app/engines_language_models.hpp"

#include "app/engine_warm_up.hpp"
#include "app/opened_engine.hpp"
#include "engine/llama/llama_language_model.hpp"
#include "engine/ollama/ollama_language_model.hpp"
#include "engine/openai/openai_language_model.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace antiphon::app {
namespace {

constexpr int kLargestCache = 16'384;
constexpr int kMostPlaces = 32;

std::size_t cache_of(const EngineSettings& settings, int places) {
    const int tokens = settings.language_model_cache > 0
                           ? settings.language_model_cache
                           : std::min(settings.language_model_context * places, kLargestCache);
    return static_cast<std::size_t>(std::max(tokens, settings.language_model_context));
}

/// A model of the server that the settings name. The server is not reached for: the chain's check does that.
base::Result<engine::LanguageModelChain::Link> remote_link(const Engines::Loading& loading, const std::string& model) {
    const auto link_to = [](auto made, std::string name) -> base::Result<engine::LanguageModelChain::Link> {
        if (!made) return made.error();
        auto* there = made->get();
        return engine::LanguageModelChain::Link{std::move(name), *std::move(made),
                                                [there](std::stop_token stop) { return there->check(std::move(stop)); }};
    };
    const auto ollama = ollama_of(loading, model);
    if (loading.settings.language_model_backend != "openai")
        return link_to(engine::ollama::OllamaLanguageModel::open(ollama), model);
    engine::openai::OpenAiSettings openai;
    openai.base_url = loading.settings.openai_base_url;
    openai.key = loading.settings.openai_api_key;
    openai.model = model;
    openai.context_tokens = ollama.context_tokens;
    openai.places = ollama.places;
    openai.top_p = ollama.top_p;
    openai.limits = ollama.limits;
    return link_to(engine::openai::OpenAiLanguageModel::open(openai), model.empty() ? "openai" : model);
}

/// The model in this process, loaded and warm.
base::Result<engine::LanguageModelChain::Link> embedded_link(const Engines::Loading& loading, const EmbeddedShare& share,
                                                             const std::stop_token& stop) {
    const EngineSettings& settings = loading.settings;
    engine::ModelStore store(loading.models.directory);
    auto model = opened("language_model", loading.models.language_model, store, stop, [&](const auto& file) {
        engine::llama::LlamaSettings llama;
        llama.model = file;
        llama.context_tokens = static_cast<std::size_t>(settings.language_model_context);
        llama.places = static_cast<std::size_t>(share.places);
        llama.cache_tokens = cache_of(settings, share.places);
        llama.threads = share.threads;
        llama.gpu_layers = share.on_gpu ? -1 : 0;
        llama.top_p = settings.language_model_top_p;
        llama.repetition_penalty = settings.language_model_repetition_penalty;
        return engine::llama::LlamaLanguageModel::open(llama);
    });
    if (!model) return model.error();
    if (auto warm = warm_up(**model, loading.instructions, stop); !warm) return warm.error();
    return engine::LanguageModelChain::Link{name_of(loading.models.language_model), *std::move(model)};
}

}  // namespace

engine::ollama::OllamaSettings ollama_of(const Engines::Loading& loading, const std::string& model) {
    const int places = loading.settings.language_model_places;
    engine::ollama::OllamaSettings ollama;
    ollama.base_url = loading.ollama_base_url;
    ollama.model = model;
    ollama.keep_alive = loading.settings.ollama_keep_alive;
    ollama.context_tokens = static_cast<std::size_t>(loading.settings.language_model_context);
    ollama.places = static_cast<std::size_t>(places > 0 ? places : kMostPlaces);
    ollama.top_p = loading.settings.language_model_top_p;
    ollama.repetition_penalty = loading.settings.language_model_repetition_penalty;
    ollama.limits.first_token = loading.settings.language_model_first_token;
    ollama.limits.stall = loading.settings.language_model_stall;
    return ollama;
}

base::Result<std::unique_ptr<engine::LanguageModelChain>> open_language_models(const Engines::Loading& loading,
                                                                               const EmbeddedShare& share,
                                                                               const std::stop_token& stop) {
    std::vector<engine::LanguageModelChain::Link> links;
    for (const std::string& name : language_model_order(loading.settings, loading.ollama_base_url)) {
        auto link = name == "embedded" ? embedded_link(loading, share, stop) : remote_link(loading, name);
        if (!link) return link.error();
        links.push_back(*std::move(link));
    }
    auto chain = std::make_unique<engine::LanguageModelChain>(std::move(links));
    if (auto usable = chain->check(stop); !usable) return usable.error();
    // The one in this process is warm already; a server's is now.
    if (auto warm = warm_up(*chain, loading.instructions, stop); !warm) return warm.error();
    return chain;
}

}  // namespace antiphon::app
