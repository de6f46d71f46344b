#include "engine/ct2_to_ggml.hpp"

#include "engine/ct2_file.hpp"
#include "engine/file_hash.hpp"
#include "engine/half_float.hpp"
#include "engine/mel_filters.hpp"
#include "unit/engine/synthetic_ct2.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

namespace antiphon::engine {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Converted {
    base::Result<void> result;
    Bytes bytes;
};

Converted convert(const Bytes& model, const std::string& vocabulary = SyntheticCt2::vocabulary()) {
    Bytes out;
    auto result = ct2_to_ggml(model, vocabulary, [&](std::span<const std::uint8_t> more) {
        out.insert(out.end(), more.begin(), more.end());
        return true;
    });
    return {std::move(result), std::move(out)};
}

/// Reads whisper.cpp's format the way its loader does.
class Ggml {
public:
    struct Tensor {
        std::vector<std::int32_t> shape;  ///< innermost first, as it stands in the file
        std::int32_t type = 0;
        std::vector<float> values;
    };

    explicit Ggml(const Bytes& bytes) : bytes_(bytes) {
        EXPECT_EQ(number(), 0x67676d6c);
        for (std::int32_t& value : head) value = number();
        const std::int32_t mels = number();
        const std::int32_t bins = number();
        for (std::int32_t i = 0; i < mels * bins; ++i) filters.push_back(std::bit_cast<float>(number()));
        const std::int32_t count = number();
        for (std::int32_t i = 0; i < count; ++i) tokens.push_back(text(number()));
        while (at_ < bytes_.size()) {
            const std::int32_t rank = number();
            const std::int32_t length = number();
            Tensor tensor;
            tensor.type = number();
            std::int32_t size = 1;
            for (std::int32_t i = 0; i < rank; ++i) {
                tensor.shape.push_back(number());
                size *= tensor.shape.back();
            }
            order.push_back(text(length));
            for (std::int32_t i = 0; i < size; ++i)
                tensor.values.push_back(tensor.type == 1 ? from_half(static_cast<std::uint16_t>(number(2)))
                                                         : std::bit_cast<float>(number()));
            tensors[order.back()] = tensor;
        }
    }

    std::int32_t head[11]{};
    std::vector<float> filters;
    std::vector<std::string> tokens;
    std::vector<std::string> order;
    std::map<std::string, Tensor> tensors;

private:
    std::int32_t number(std::size_t width = 4) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(bytes_.at(at_++)) << 8 * i;
        return static_cast<std::int32_t>(value);
    }
    std::string text(std::int32_t length) {
        std::string value;
        for (std::int32_t i = 0; i < length; ++i) value += static_cast<char>(bytes_.at(at_++));
        return value;
    }

    const Bytes& bytes_;
    std::size_t at_ = 0;
};

void expect_values(const Ggml& model, const std::string& tensor, const std::string& source, std::size_t first) {
    const auto found = model.tensors.find(tensor);
    ASSERT_NE(found, model.tensors.end()) << tensor;
    for (std::size_t i = 0; i < found->second.values.size(); ++i)
        ASSERT_EQ(found->second.values[i], SyntheticCt2::value(source, first + i)) << tensor << " " << i;
}

TEST(Ct2ToGgml, CarriesEveryTensorOverUnderItsName) {
    for (const bool half : {true, false}) {
        const Converted converted = convert(SyntheticCt2(half).file());
        ASSERT_TRUE(converted.result) << converted.result.error().text;
        const Ggml model(converted.bytes);
        // vocabulary, audio context, state, heads, layers, text context, state, heads, layers, mels, float16
        const std::int32_t head[11] = {6, 5, 4, 2, 1, 3, 4, 2, 1, 2, 1};
        EXPECT_TRUE(std::equal(std::begin(head), std::end(head), std::begin(model.head)));
        EXPECT_EQ(model.filters, slaney_mel_filters(2));
        EXPECT_EQ(model.tokens, (std::vector<std::string>{"a", " b", std::string(1, '\0'), "\xAD"}));

        expect_values(model, "encoder.positional_embedding", "encoder/position_encodings/encodings", 0);
        expect_values(model, "encoder.conv1.weight", "encoder/conv1/weight", 0);
        expect_values(model, "encoder.conv2.bias", "encoder/conv2/bias", 0);
        // The fused matrix has query, key and value below each other: 16 numbers each.
        const std::string fused = "encoder/layer_0/self_attention/linear_0";
        expect_values(model, "encoder.blocks.0.attn.query.weight", fused + "/weight", 0);
        expect_values(model, "encoder.blocks.0.attn.key.weight", fused + "/weight", 16);
        expect_values(model, "encoder.blocks.0.attn.value.weight", fused + "/weight", 32);
        expect_values(model, "encoder.blocks.0.attn.query.bias", fused + "/bias", 0);
        expect_values(model, "encoder.blocks.0.attn.value.bias", fused + "/bias", 8);
        EXPECT_EQ(model.tensors.count("encoder.blocks.0.attn.key.bias"), 0U);
        const std::string cross = "decoder/layer_0/attention/linear_1";
        expect_values(model, "decoder.blocks.0.cross_attn.key.weight", cross + "/weight", 0);
        expect_values(model, "decoder.blocks.0.cross_attn.value.weight", cross + "/weight", 16);
        expect_values(model, "decoder.blocks.0.cross_attn.value.bias", cross + "/bias", 4);
        expect_values(model, "decoder.blocks.0.mlp.0.weight", "decoder/layer_0/ffn/linear_0/weight", 0);
        expect_values(model, "decoder.ln.bias", "decoder/layer_norm/beta", 0);
        expect_values(model, "decoder.token_embedding.weight", "decoder/embeddings/weight", 0);
        EXPECT_EQ(model.tensors.size(), 50U);
        EXPECT_EQ(model.order.front(), "encoder.positional_embedding");
        EXPECT_EQ(model.order.back(), "decoder.ln.bias");

        // Matrices in half precision; vectors, positions and the convolutions' biases (as columns) in full.
        EXPECT_EQ(model.tensors.at("encoder.conv1.weight").type, 1);
        EXPECT_EQ(model.tensors.at("encoder.conv1.weight").shape, (std::vector<std::int32_t>{3, 2, 4}));
        EXPECT_EQ(model.tensors.at("encoder.conv1.bias").type, 0);
        EXPECT_EQ(model.tensors.at("encoder.conv1.bias").shape, (std::vector<std::int32_t>{1, 4}));
        EXPECT_EQ(model.tensors.at("decoder.positional_embedding").type, 0);
        EXPECT_EQ(model.tensors.at("decoder.blocks.0.mlp.2.weight").shape, (std::vector<std::int32_t>{16, 4}));
        EXPECT_EQ(model.tensors.at("decoder.blocks.0.mlp.2.bias").type, 0);
    }
}

TEST(Ct2ToGgml, TakesFlatConvolutionsAndTheUsualNumberOfHeads) {
    SyntheticCt2 model;
    model["encoder/conv1/weight"].shape = {4, 6};
    model.remove("encoder/num_heads");
    // 4 wide: less than one head of the usual 64.
    EXPECT_FALSE(convert(model.file()).result);
    model["encoder/num_heads"] = {"encoder/num_heads", {1}, 1, {4}};
    const Converted converted = convert(model.file());
    ASSERT_TRUE(converted.result) << converted.result.error().text;
    EXPECT_EQ(Ggml(converted.bytes).head[3], 4);
}

TEST(Ct2ToGgml, RefusesEveryBeginningOfAFileWithoutWritingAByte) {
    const Bytes whole = SyntheticCt2().file();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Converted converted = convert(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        ASSERT_FALSE(converted.result) << length;
        ASSERT_TRUE(converted.bytes.empty()) << length;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(convert(longer).result);
}

TEST(Ct2ToGgml, SurvivesEveryByteMadeHuge) {
    const Bytes whole = SyntheticCt2().file();
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const int value : {0x00, 0x7F, 0xFF}) {
            Bytes changed = whole;
            changed[at] = static_cast<std::uint8_t>(value);
            const Converted converted = convert(changed);
            ASSERT_TRUE(converted.result || converted.bytes.empty()) << at;
        }
}

TEST(Ct2ToGgml, RefusesWhatIsNoWhisperModel) {
    const auto refused = [](const std::function<void(SyntheticCt2&)>& spoil, base::Errc code, const char* why) {
        SyntheticCt2 model;
        spoil(model);
        const Converted converted = convert(model.file());
        ASSERT_FALSE(converted.result) << why;
        EXPECT_EQ(converted.result.error().code, code) << why;
        EXPECT_NE(converted.result.error().text.find(why), std::string::npos) << converted.result.error().text;
    };
    using base::Errc;
    refused([](auto& m) { m.specification = "TransformerSpec"; }, Errc::invalid, "TransformerSpec");
    refused([](auto& m) { m.remove("decoder/layer_norm/beta"); }, Errc::invalid,
            "'decoder/layer_norm/beta' is missing");
    refused([](auto& m) { m.remove("encoder/position_encodings/encodings"); }, Errc::invalid, "is missing");
    refused([](auto& m) { m.remove("encoder/layer_0/self_attention/layer_norm/gamma"); }, Errc::invalid,
            "number of layers");
    refused([](auto& m) { m["encoder/layer_norm/gamma"].shape = {2, 2}; }, Errc::invalid, "wrong shape");
    refused([](auto& m) { m["decoder/embeddings/weight"].shape = {24}; }, Errc::invalid, "wrong shape");
    refused([](auto& m) { m["decoder/embeddings/weight"].shape = {8, 3}; }, Errc::invalid, "widths do not agree");
    refused([](auto& m) { m["encoder/conv1/bias"].type = 2; }, Errc::invalid, "quantised");
    refused([](auto& m) { m["encoder/conv1/bias"].type = 5; }, Errc::invalid, "quantised");
    refused([](auto& m) { m["encoder/conv1/bias"].type = 9; }, Errc::invalid, "unknown type");
    refused([](auto& m) { m["encoder/num_heads"].bytes = {3, 0}; }, Errc::invalid, "does not divide");
    refused([](auto& m) { m["encoder/num_heads"].bytes = {0xFF, 0xFF}; }, Errc::invalid, "does not divide");
    refused([](auto& m) { m["encoder/layer_0/self_attention/linear_0/bias"].bytes[9] = 0x3C; }, Errc::invalid,
            "key's bias");
    refused([](auto& m) { m["encoder/layer_0/self_attention/linear_0/bias"].bytes[9] = 0x7E; }, Errc::invalid,
            "key's bias");
    refused([](auto& m) { m.aliases = {{"x", "y"}}; }, Errc::invalid, "stands for 'y'");
    refused([](auto& m) { m.aliases.push_back(m.aliases.front()); }, Errc::invalid, "twice");
    refused([](auto& m) { m.variables.push_back(m.variables.front()); }, Errc::invalid, "twice");
    refused(
        [](auto& m) {
            m.aliases.clear();
            m["decoder/projection/weight"] = m["decoder/embeddings/weight"];
            m.variables.back().name = "decoder/projection/weight";
            m.variables.back().bytes[0] ^= 1;
        },
        Errc::unsupported, "output layer");
    Bytes old = SyntheticCt2().file();
    old[0] = 3;
    EXPECT_EQ(convert(old).result.error().code, Errc::unsupported);
}

TEST(Ct2ToGgml, RefusesAWrongVocabulary) {
    const Bytes model = SyntheticCt2().file();
    for (const char* vocabulary : {"", "a\nb\n", "a\n\xE2\x82\xAC\n<|endoftext|>\n", "a\n\xFF\n<|endoftext|>\n",
                                   "a b\n<|endoftext|>\n", "a\na\na\na\na\na\na\na\n<|endoftext|>\n"})
        EXPECT_FALSE(convert(model, vocabulary).result) << vocabulary;
    EXPECT_FALSE(convert(model, std::string(5000, 'a') + "\n<|endoftext|>\n").result);
    EXPECT_TRUE(convert(model, "<|endoftext|>").result);
    const Converted dos = convert(model, "a\r\nb\r\n<|endoftext|>\r\n");
    ASSERT_TRUE(dos.result);
    EXPECT_EQ(Ggml(dos.bytes).tokens, (std::vector<std::string>{"a", "b"}));
}

TEST(Ct2ToGgml, SaysWhenTheResultCannotBeKept) {
    const auto result = ct2_to_ggml(SyntheticCt2().file(), SyntheticCt2::vocabulary(), [](auto) { return false; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::unavailable);
    const auto missing =
        ct2_to_ggml(std::filesystem::path("/nowhere/model.bin"), "/nowhere/vocabulary.txt", "/nowhere/out.bin");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
}

TEST(HalfFloat, TurnsEveryValueBackIntoItself) {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = from_half(half);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(from_half(to_half(value))));
        } else {
            ASSERT_EQ(to_half(value), half) << bits;
        }
    }
}

TEST(HalfFloat, RoundsToTheNearestWithTiesToEven) {
    for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
        const float low = from_half(static_cast<std::uint16_t>(bits));
        const float high = from_half(static_cast<std::uint16_t>(bits + 1));
        const float middle = (low + high) / 2;  // exact: float has thirteen bits more
        const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
        ASSERT_EQ(to_half(middle), even) << bits;
        ASSERT_EQ(to_half(std::nextafter(middle, 0.0F)), bits) << bits;
        ASSERT_EQ(to_half(std::nextafter(middle, 1e9F)), bits + 1) << bits;
        ASSERT_EQ(to_half(-std::nextafter(middle, 0.0F)), bits | 0x8000U) << bits;
    }
    EXPECT_EQ(to_half(65519.9F), 0x7BFF);
    EXPECT_EQ(to_half(65520.0F), 0x7C00);
    EXPECT_EQ(to_half(std::numeric_limits<float>::infinity()), 0x7C00);
    EXPECT_EQ(to_half(-1e30F), 0xFC00);
    EXPECT_EQ(to_half(1e-30F), 0);
}

// The hashes are those of the float32 bytes that numpy computes by librosa's formula; the first filter's
// second value, 0.024862595, is also that of OpenAI's mel_filters.npz.
TEST(MelFilters, AreBitForBitThoseOfTheReference) {
    const std::pair<int, const char*> known[] = {
        {80, "2150c30cbbeb6029f52002ffa666c1c72d83dbf53f463cb8462052055806e891"},
        {128, "aaac37f621282123f884373225515a47f119d6635d1fecd7fd78700fd961ae1c"}};
    const auto path = std::filesystem::temp_directory_path() / ("antiphon-mel-" + std::to_string(::getpid()));
    for (const auto& [mels, hash] : known) {
        const std::vector<float> filters = slaney_mel_filters(mels);
        ASSERT_EQ(filters.size(), static_cast<std::size_t>(mels * kMelBins));
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(filters.data()), static_cast<std::streamsize>(filters.size() * 4));
        EXPECT_EQ(*sha256_of(path), hash);
    }
    EXPECT_NEAR(slaney_mel_filters(80)[1], 0.024862595F, 1e-9);
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace antiphon::engine
