// A Whisper model's tensors by the names and in the order that whisper.cpp reads, found in a CTranslate2 file.
//
// pure.
#pragma once

#include "base/result.hpp"
#include "engine/ct2_file.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace antiphon::engine {

struct WhisperTensor {
    std::string name;                                     ///< for example "encoder.blocks.0.attn.query.weight"
    std::vector<std::uint32_t> shape;                     ///< outermost first
    Ct2Variable::Type type = Ct2Variable::Type::float32;  ///< float32 or float16
    std::span<const std::uint8_t> bytes;
};

struct WhisperTensors {
    std::uint32_t vocabulary = 0;
    std::uint32_t audio_context = 0;
    std::uint32_t audio_state = 0;
    std::uint32_t audio_heads = 0;
    std::uint32_t audio_layers = 0;
    std::uint32_t text_context = 0;
    std::uint32_t text_state = 0;
    std::uint32_t text_heads = 0;
    std::uint32_t text_layers = 0;
    std::uint32_t mels = 0;
    std::vector<WhisperTensor> tensors;
};

/// Every tensor's shape is checked against the others'. Fails with `invalid` or `unsupported`. The result
/// points into the bytes that `model` was read from.
base::Result<WhisperTensors> whisper_tensors(const Ct2File& model);

}  // namespace antiphon::engine
