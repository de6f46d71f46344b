// Writes a GGUF file, the form in which llama.cpp reads models.
//
// pure. The format is version 3 of ggml's docs/gguf.md: keys and values, the tensors' descriptions, then their
// numbers, each at a multiple of 32 bytes. It is written here and not by ggml because the result's hash is
// pinned: what another version of ggml would write must not change it. Little endian.
#pragma once

#include "engine/conversion.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

enum class GgufTensorType : std::uint32_t { float32 = 0, float16 = 1 };

class GgufWriter {
public:
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }
    void add(std::string_view key, std::uint32_t number);
    void add(std::string_view key, float number);
    void add(std::string_view key, bool flag);
    void add(std::string_view key, const std::vector<std::string>& texts);
    void add(std::string_view key, const std::vector<std::int32_t>& numbers);

    /// `shape` outermost first. `write` puts exactly the tensor's bytes.
    void add_tensor(std::string name, std::vector<std::uint64_t> shape, GgufTensorType type,
                    std::function<void(ByteWriter& out)> write);

    /// Everything that was added, in that order. False if the sink refused.
    bool write(const ByteSink& sink) const;

private:
    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> shape;
        GgufTensorType type;
        std::function<void(ByteWriter& out)> write;
    };

    void begin(std::string_view key, std::uint32_t type);

    std::vector<std::function<void(ByteWriter& out)>> head_;
    std::uint64_t keys_ = 0;
    std::vector<Tensor> tensors_;
};

}  // namespace antiphon::engine
