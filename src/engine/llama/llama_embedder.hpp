// The embedded embedder: llama.cpp with a sentence encoder, such as all-MiniLM-L6-v2.
//
// Each text is one pass of the encoder by itself, so a text's vector does not depend on what it came with. A
// text that is longer than the model's positions is refused and not cut: what was cut off could not be found
// by its vector any more, and nobody would know.
#pragma once

#include "engine/embedder.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine::llama {

struct LlamaEmbedderSettings {
    std::filesystem::path model;  ///< a GGUF file
    /// 1..256, of each text. More than one pays only on an idle machine: threads wait for each other hundreds
    /// of times in a text, and beside a call's engines that takes longer than the work.
    int threads = 1;
    std::size_t parallel = 1;     ///< 1..64: texts that are computed at the same time
    /// 3..8192: tokens of one text; cut to the positions that the model has. Memory grows with its square.
    std::size_t context_tokens = 2048;
    int gpu_layers = -1;          ///< layers on the GPU, -1: all; without a GPU build no effect
};

class LlamaEmbedder final : public Embedder {
public:
    /// Loads the model. Its own way of pooling is used (mean, first or last token), the mean if it names none.
    /// Fails with
    ///   invalid      a setting out of its range
    ///   unavailable  no such file, or not readable
    ///   unsupported  not a model that makes vectors: one that continues text, or one that ranks
    ///   engine       damaged, cut short or no GGUF; or too little memory
    static base::Result<std::unique_ptr<LlamaEmbedder>> open(const LlamaEmbedderSettings& settings);

    /// Nobody may be in embed().
    ~LlamaEmbedder() override;

    /// As the interface says. The marks that the model puts around a text (two in BERT) count as tokens. What
    /// looks like such a mark in a text is read as plain text. A stop is seen while waiting for a free place too.
    base::Result<Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override;
    std::size_t dimensions() const noexcept override;
    std::size_t context_tokens() const noexcept override;

private:
    class Places;
    struct Loaded;

    LlamaEmbedder(std::unique_ptr<Loaded> loaded, std::unique_ptr<Places> places);

    const std::unique_ptr<Loaded> loaded_;
    const std::unique_ptr<Places> places_;
};

}  // namespace antiphon::engine::llama
