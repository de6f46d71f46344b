// Turns a BERT sentence encoder in PyTorch's safetensors form into llama.cpp's GGUF form.
//
// thread-safe (no state). For models of the sentence-transformers family whose vectors are the mean over the
// tokens, such as all-MiniLM-L6-v2: BERT with absolute positions and a lower-casing WordPiece vocabulary.
// Matrices become float16; vectors, positions and token types stay float32, as llama.cpp's own converter has it.
// What the encoder does not use (position_ids, pooler) is left out. The same input gives the same bytes on every
// machine, so that the result's hash can be pinned.
#pragma once

#include "base/result.hpp"
#include "engine/conversion.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace antiphon::engine {

/// `model` is model.safetensors in float32, `vocabulary` the text of vocab.txt (one token per line), `config` that
/// of config.json. Fails with `invalid` (not such a model, or damaged), `unsupported` (another type of numbers,
/// positions or activation) or `unavailable` (the sink refused). Nothing reaches the sink before all was checked.
base::Result<void> bert_to_gguf(std::span<const std::uint8_t> model, std::string_view vocabulary,
                                std::string_view config, const ByteSink& sink);

/// The same with files. The destination is replaced, and is on disk when this returns; after a failure it
/// is gone or half written.
base::Result<void> bert_to_gguf(const std::filesystem::path& model, const std::filesystem::path& vocabulary,
                                const std::filesystem::path& config, const std::filesystem::path& destination);

}  // namespace antiphon::engine
