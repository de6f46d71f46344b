// Turns a Whisper model in CTranslate2's form into whisper.cpp's ggml form.
//
// thread-safe (no state). Weights in float16 or float32 are carried over: matrices as float16, vectors and
// position encodings as float32, which is what whisper.cpp's own converter writes. The same input gives the
// same bytes on every machine, so that the result's hash can be pinned. Layout: CTranslate2 keeps the
// attention's query, key and value in one matrix and gives the key a bias of zero, which Whisper lacks.
#pragma once

#include "base/result.hpp"
#include "engine/conversion.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace antiphon::engine {

/// `model` is model.bin, `vocabulary` the text of vocabulary.txt (one token per line, its bytes written as
/// visible characters, as GPT-2 does). Fails with `invalid` (not a Whisper model, or damaged), `unsupported`
/// (quantised weights, or an output layer of its own) or `unavailable` (the sink refused). Nothing reaches
/// the sink before the whole model was checked.
base::Result<void> ct2_to_ggml(std::span<const std::uint8_t> model, std::string_view vocabulary, const ByteSink& sink);

/// The same with files. The destination is replaced, and is on disk when this returns; after a failure it
/// is gone or half written.
base::Result<void> ct2_to_ggml(const std::filesystem::path& model, const std::filesystem::path& vocabulary,
                               const std::filesystem::path& destination);

}  // namespace antiphon::engine
