// The embedder, of this process or of an Ollama server: what the server and `antiphon knowledge` embed with.
//
// On one thread; blocks while a model is loaded.
#pragma once

#include "app/engines.hpp"
#include "base/result.hpp"
#include "engine/embedder.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace antiphon::app {

struct OpenedEmbedder {
    std::unique_ptr<engine::Embedder> embedder;  ///< null: there is none
    std::string name;                            ///< of its model
    std::string why_none;                        ///< a sentence, when there is none though one was looked for
};

/// As the settings choose it, checked and warm. One that nobody asked for by name may be missing; else fails as the
/// backend does.
base::Result<OpenedEmbedder> open_embedder(const Engines::Loading& loading, int parallel, bool on_gpu,
                                           const std::stop_token& stop);

}  // namespace antiphon::app
