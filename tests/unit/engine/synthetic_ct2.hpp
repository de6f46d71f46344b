// Builds a small Whisper model in CTranslate2's file format: one layer on each side, 4 wide, with weights
// that count up, so that every value can be found again after a conversion.
#pragma once

#include "engine/half_float.hpp"

#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::engine {

class SyntheticCt2 {
public:
    static constexpr std::uint32_t kWidth = 4;
    static constexpr std::uint32_t kMels = 2;
    static constexpr std::uint32_t kTokens = 6;

    struct Variable {
        std::string name;
        std::vector<std::uint32_t> shape;
        std::uint8_t type = 4;  ///< float16
        std::vector<std::uint8_t> bytes;
    };

    explicit SyntheticCt2(bool half = true) : half_(half) {
        const std::uint32_t w = kWidth;
        floats("encoder/position_encodings/encodings", {5, w});
        floats("encoder/conv1/weight", {w, kMels, 3});
        floats("encoder/conv1/bias", {w});
        floats("encoder/conv2/weight", {w, w, 3});
        floats("encoder/conv2/bias", {w});
        block("encoder/layer_0", false);
        norm("encoder/layer_norm");
        floats("decoder/position_encodings/encodings", {3, w});
        floats("decoder/embeddings/weight", {kTokens, w});
        block("decoder/layer_0", true);
        norm("decoder/layer_norm");
        variables.push_back({"encoder/num_heads", {}, 2, {2, 0}});
        variables.push_back({"decoder/num_heads", {}, 2, {2, 0}});
        aliases.emplace_back("decoder/projection/weight", "decoder/embeddings/weight");
    }

    Variable& operator[](const std::string& name) {
        for (Variable& variable : variables)
            if (variable.name == name) return variable;
        variables.push_back({name, {}, 0, {}});
        return variables.back();
    }

    void remove(const std::string& name) {
        std::erase_if(variables, [&](const Variable& variable) { return variable.name == name; });
    }

    /// The numbers that floats() gave to a variable.
    static float value(const std::string& name, std::size_t index) {
        // Exact in half precision, and different from variable to variable.
        return static_cast<float>(std::hash<std::string>{}(name) % 64) + static_cast<float>(index % 512) / 16.0F;
    }

    std::vector<std::uint8_t> file() const {
        std::vector<std::uint8_t> out;
        number(out, 6, 4);
        text(out, specification);
        number(out, 3, 4);
        number(out, static_cast<std::uint32_t>(variables.size()), 4);
        for (const Variable& variable : variables) {
            text(out, variable.name);
            number(out, static_cast<std::uint32_t>(variable.shape.size()), 1);
            for (const std::uint32_t dimension : variable.shape) number(out, dimension, 4);
            number(out, variable.type, 1);
            number(out, static_cast<std::uint32_t>(variable.bytes.size()), 4);
            out.insert(out.end(), variable.bytes.begin(), variable.bytes.end());
        }
        number(out, static_cast<std::uint32_t>(aliases.size()), 4);
        for (const auto& [alias, target] : aliases) {
            text(out, alias);
            text(out, target);
        }
        return out;
    }

    /// Four tokens ("a", a blank and "b", the byte 0, the byte 173), then the special ones.
    static std::string vocabulary() {
        return "a\n\xC4\xA0"
               "b\n\xC4\x80\n\xC5\x83\n<|endoftext|>\n<|startoftranscript|>\n";
    }

    std::string specification = "WhisperSpec";
    std::vector<Variable> variables;
    std::vector<std::pair<std::string, std::string>> aliases;

private:
    static void number(std::vector<std::uint8_t>& out, std::uint32_t value, int width) {
        for (int i = 0; i < width; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
    static void text(std::vector<std::uint8_t>& out, const std::string& value) {
        number(out, static_cast<std::uint32_t>(value.size() + 1), 2);
        out.insert(out.end(), value.begin(), value.end());
        out.push_back(0);
    }

    void floats(const std::string& name, std::vector<std::uint32_t> shape) {
        std::size_t count = 1;
        for (const std::uint32_t dimension : shape) count *= dimension;
        Variable variable{name, std::move(shape), static_cast<std::uint8_t>(half_ ? 4 : 0), {}};
        for (std::size_t i = 0; i < count; ++i) {
            if (half_)
                number(variable.bytes, to_half(value(name, i)), 2);
            else
                number(variable.bytes, std::bit_cast<std::uint32_t>(value(name, i)), 4);
        }
        variables.push_back(std::move(variable));
    }
    void norm(const std::string& name) {
        floats(name + "/gamma", {kWidth});
        floats(name + "/beta", {kWidth});
    }
    void linear(const std::string& name, std::uint32_t out, std::uint32_t in) {
        floats(name + "/weight", {out, in});
        floats(name + "/bias", {out});
    }
    /// The key's part of a fused bias is zero.
    void fused(const std::string& name, std::uint32_t parts, std::uint32_t key) {
        linear(name, parts * kWidth, kWidth);
        auto& bytes = variables.back().bytes;
        const std::size_t item = half_ ? 2 : 4;
        for (std::size_t i = 0; i < kWidth * item; ++i) bytes[key * kWidth * item + i] = 0;
    }
    void block(const std::string& name, bool decoder) {
        norm(name + "/self_attention/layer_norm");
        fused(name + "/self_attention/linear_0", 3, 1);
        linear(name + "/self_attention/linear_1", kWidth, kWidth);
        if (decoder) {
            norm(name + "/attention/layer_norm");
            linear(name + "/attention/linear_0", kWidth, kWidth);
            fused(name + "/attention/linear_1", 2, 0);
            linear(name + "/attention/linear_2", kWidth, kWidth);
        }
        norm(name + "/ffn/layer_norm");
        linear(name + "/ffn/linear_0", 4 * kWidth, kWidth);
        linear(name + "/ffn/linear_1", kWidth, 4 * kWidth);
    }

    bool half_;
};

}  // namespace antiphon::engine
