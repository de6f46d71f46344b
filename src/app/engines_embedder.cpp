#include "app/engines_embedder.hpp"

#include "app/engine_warm_up.hpp"
#include "app/engines_language_models.hpp"
#include "app/opened_engine.hpp"
#include "engine/llama/llama_embedder.hpp"
#include "engine/ollama/ollama_embedder.hpp"

#include <utility>

namespace antiphon::app {

base::Result<OpenedEmbedder> open_embedder(const Engines::Loading& loading, int parallel, bool on_gpu,
                                           const std::stop_token& stop) {
    const EngineSettings& settings = loading.settings;
    const ChosenModel& chosen = loading.models.embedder;
    if (settings.embedder_backend == "ollama") {
        auto embedder = engine::ollama::OllamaEmbedder::open(ollama_of(loading, settings.ollama_embedder_model), stop);
        if (!embedder) return embedder.error();
        return OpenedEmbedder{std::move(*embedder), settings.ollama_embedder_model, {}};
    }
    if (chosen.file.empty()) return OpenedEmbedder{nullptr, {}, loading.models.no_embedder};
    engine::ModelStore store(loading.models.directory);
    auto embedder = opened("embedder", chosen, store, stop, [&](const auto& file) {
        engine::llama::LlamaEmbedderSettings llama;
        llama.model = file;
        llama.parallel = static_cast<std::size_t>(parallel);
        llama.gpu_layers = on_gpu ? -1 : 0;
        return engine::llama::LlamaEmbedder::open(llama);
    });
    const base::Result<void> usable = embedder ? warm_up(**embedder, stop) : base::Result<void>(embedder.error());
    if (usable) return OpenedEmbedder{std::move(*embedder), name_of(chosen), {}};
    // Nobody asked for the set's: without it there are calls all the same.
    if (!settings.embedder_model.empty() || stop.stop_requested()) return usable.error();
    return OpenedEmbedder{nullptr, {}, usable.error().text};
}

}  // namespace antiphon::app
