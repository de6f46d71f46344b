// Builds a small BERT model in safetensors form: one layer, 4 wide, with weights that count up, so that every
// value can be found again after a conversion.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::engine {

class SyntheticBert {
public:
    static constexpr std::uint64_t kWidth = 4;

    struct Tensor {
        std::string name;
        std::string type;
        std::vector<std::uint64_t> shape;
        std::vector<float> values;
    };

    SyntheticBert() {
        const std::uint64_t w = kWidth;
        tensors.push_back({"embeddings.position_ids", "I32", {1, 6}, std::vector<float>(6)});
        floats("embeddings.word_embeddings.weight", {9, w});
        floats("embeddings.position_embeddings.weight", {6, w});
        floats("embeddings.token_type_embeddings.weight", {2, w});
        pair("embeddings.LayerNorm", {w}, w);
        const std::string layer = "encoder.layer.0.";
        for (const char* part : {"attention.self.query", "attention.self.key", "attention.self.value"})
            pair(layer + part, {w, w}, w);
        pair(layer + "attention.output.dense", {w, w}, w);
        pair(layer + "attention.output.LayerNorm", {w}, w);
        pair(layer + "intermediate.dense", {8, w}, 8);
        pair(layer + "output.dense", {w, 8}, w);
        pair(layer + "output.LayerNorm", {w}, w);
        pair("pooler.dense", {w, w}, w);
    }

    Tensor& operator[](const std::string& name) {
        for (Tensor& tensor : tensors)
            if (tensor.name == name) return tensor;
        tensors.push_back({name, "F32", {1}, {0.0F}});
        return tensors.back();
    }

    /// The numbers that floats() gave to a tensor: exact in half precision, different from tensor to tensor.
    static float value(const std::string& name, std::size_t index) {
        std::size_t sum = index;
        for (const char c : name) sum += static_cast<unsigned char>(c);
        return static_cast<float>(sum % 2048) / 64.0F - 16.0F;
    }

    std::vector<std::uint8_t> file() const {
        std::string header = R"({"__metadata__":{"format":"pt"})";
        std::vector<std::uint8_t> numbers;
        for (const Tensor& tensor : tensors) {
            const std::size_t begin = numbers.size();
            for (const float value : tensor.values)
                for (int i = 0; i < 4; ++i)
                    numbers.push_back(static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(value) >> 8 * i));
            header += ",\"" + tensor.name + "\":{\"dtype\":\"" + tensor.type + "\",\"shape\":[";
            for (std::size_t i = 0; i < tensor.shape.size(); ++i)
                header += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
            header += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(numbers.size()) + "]}";
        }
        return with_header(header + "}", numbers);
    }

    static std::vector<std::uint8_t> with_header(const std::string& header, const std::vector<std::uint8_t>& numbers) {
        std::vector<std::uint8_t> bytes;
        for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> 8 * i));
        bytes.insert(bytes.end(), header.begin(), header.end());
        bytes.insert(bytes.end(), numbers.begin(), numbers.end());
        return bytes;
    }

    static std::string vocabulary() { return "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nword\n##ing\n\u00e9\n!\n"; }

    static std::string config() {
        return R"({"model_type":"bert","hidden_act":"gelu","hidden_size":4,"num_hidden_layers":1,)"
               R"("num_attention_heads":2,"intermediate_size":8,"max_position_embeddings":6,"vocab_size":9,)"
               R"("type_vocab_size":2,"layer_norm_eps":1e-12})";
    }

    std::vector<Tensor> tensors;

private:
    void floats(const std::string& name, std::vector<std::uint64_t> shape) {
        std::size_t count = 1;
        for (const std::uint64_t dimension : shape) count *= dimension;
        Tensor tensor{name, "F32", std::move(shape), {}};
        for (std::size_t i = 0; i < count; ++i) tensor.values.push_back(value(name, i));
        tensors.push_back(std::move(tensor));
    }
    void pair(const std::string& name, std::vector<std::uint64_t> shape, std::uint64_t out) {
        floats(name + ".weight", std::move(shape));
        floats(name + ".bias", {out});
    }
};

}  // namespace antiphon::engine
