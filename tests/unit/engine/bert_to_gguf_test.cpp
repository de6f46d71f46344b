#include "engine/bert_to_gguf.hpp"

#include "engine/half_float.hpp"
#include "engine/safetensors.hpp"
#include "unit/engine/synthetic_bert.hpp"
#include "unit/engine/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace antiphon::engine {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Converted {
    base::Result<void> result;
    Bytes bytes;
};

Converted convert(const Bytes& model, const std::string& vocabulary = SyntheticBert::vocabulary(),
                  const std::string& config = SyntheticBert::config()) {
    Bytes out;
    auto result = bert_to_gguf(model, vocabulary, config, [&](std::span<const std::uint8_t> more) {
        out.insert(out.end(), more.begin(), more.end());
        return true;
    });
    return {std::move(result), std::move(out)};
}

/// Reads GGUF by its specification, version 3; values as text.
class Gguf {
public:
    struct Tensor {
        std::vector<std::uint64_t> shape;  ///< innermost first, as it stands in the file
        std::uint64_t type = 0;
        std::uint64_t place = 0;
        std::vector<float> values;
    };

    explicit Gguf(const Bytes& bytes) : bytes_(bytes) {
        EXPECT_EQ(number(4), 0x46554747U);
        EXPECT_EQ(number(4), 3U);
        const std::uint64_t count = number(8);
        for (std::uint64_t left = number(8); left > 0; --left) {
            const std::string key = text();
            keys[key] = value(number(4));
        }
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string name = text();
            Tensor& tensor = tensors[name];
            const std::uint64_t rank = number(4);
            for (std::uint64_t d = 0; d < rank; ++d) tensor.shape.push_back(number(8));
            tensor.type = number(4);
            tensor.place = number(8);
        }
        const std::size_t data = (at_ + 31) / 32 * 32;
        for (auto& [name, tensor] : tensors) {
            EXPECT_EQ(tensor.place % 32, 0U) << name;
            at_ = data + tensor.place;
            std::uint64_t size = 1;
            for (const std::uint64_t dimension : tensor.shape) size *= dimension;
            for (std::uint64_t i = 0; i < size; ++i)
                tensor.values.push_back(tensor.type == 1
                                            ? from_half(static_cast<std::uint16_t>(number(2)))
                                            : std::bit_cast<float>(static_cast<std::uint32_t>(number(4))));
        }
        EXPECT_EQ(bytes_.size() % 32, 0U);
    }

    std::map<std::string, std::string> keys;
    std::map<std::string, Tensor> tensors;

private:
    std::uint64_t number(std::size_t width) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{bytes_.at(at_++)} << 8 * i;
        return value;
    }
    std::string text() {
        std::string value;
        for (std::uint64_t left = number(8); left > 0; --left) value += static_cast<char>(bytes_.at(at_++));
        return value;
    }
    std::string value(std::uint64_t type) {
        switch (type) {
            case 4:
            case 5: return std::to_string(number(4));
            case 6: return std::to_string(std::bit_cast<float>(static_cast<std::uint32_t>(number(4))) * 1e12F);
            case 7: return number(1) != 0 ? "true" : "false";
            case 8: return text();
            case 9: {
                const std::uint64_t inner = number(4);
                std::string all;
                for (std::uint64_t left = number(8); left > 0; --left) all += value(inner) + "|";
                return all;
            }
            default: ADD_FAILURE() << "type " << type; return {};
        }
    }

    const Bytes& bytes_;
    std::size_t at_ = 0;
};

void expect_values(const Gguf& model, const std::string& name, std::uint64_t type, const std::string& source,
                   const std::vector<std::uint64_t>& shape) {
    const auto found = model.tensors.find(name);
    ASSERT_NE(found, model.tensors.end()) << name;
    EXPECT_EQ(found->second.type, type) << name;
    EXPECT_EQ(found->second.shape, shape) << name;
    for (std::size_t i = 0; i < found->second.values.size(); ++i)
        ASSERT_EQ(found->second.values[i], SyntheticBert::value(source, i)) << name << " " << i;
}

TEST(BertToGguf, CarriesEveryTensorOverUnderItsName) {
    const auto converted = convert(SyntheticBert().file());
    ASSERT_TRUE(converted.result) << converted.result.error().text;
    const Gguf model(converted.bytes);
    EXPECT_EQ(model.tensors.size(), 5U + 16U) << "no position_ids, no pooler";
    expect_values(model, "token_embd.weight", 1, "embeddings.word_embeddings.weight", {4, 9});
    expect_values(model, "position_embd.weight", 0, "embeddings.position_embeddings.weight", {4, 6});
    expect_values(model, "token_types.weight", 0, "embeddings.token_type_embeddings.weight", {4, 2});
    expect_values(model, "token_embd_norm.bias", 0, "embeddings.LayerNorm.bias", {4});
    const std::string layer = "encoder.layer.0.";
    expect_values(model, "blk.0.attn_q.weight", 1, layer + "attention.self.query.weight", {4, 4});
    expect_values(model, "blk.0.attn_k.bias", 0, layer + "attention.self.key.bias", {4});
    expect_values(model, "blk.0.attn_v.weight", 1, layer + "attention.self.value.weight", {4, 4});
    expect_values(model, "blk.0.attn_output.weight", 1, layer + "attention.output.dense.weight", {4, 4});
    expect_values(model, "blk.0.attn_output_norm.weight", 0, layer + "attention.output.LayerNorm.weight", {4});
    expect_values(model, "blk.0.ffn_up.weight", 1, layer + "intermediate.dense.weight", {4, 8});
    expect_values(model, "blk.0.ffn_up.bias", 0, layer + "intermediate.dense.bias", {8});
    expect_values(model, "blk.0.ffn_down.weight", 1, layer + "output.dense.weight", {8, 4});
    expect_values(model, "blk.0.layer_output_norm.bias", 0, layer + "output.LayerNorm.bias", {4});
}

TEST(BertToGguf, SaysWhatTheModelIs) {
    const auto converted = convert(SyntheticBert().file());
    ASSERT_TRUE(converted.result) << converted.result.error().text;
    auto keys = Gguf(converted.bytes).keys;
    const std::map<std::string, std::string> expected{
        {"general.architecture", "bert"},
        {"general.file_type", "1"},
        {"bert.context_length", "6"},
        {"bert.embedding_length", "4"},
        {"bert.feed_forward_length", "8"},
        {"bert.block_count", "1"},
        {"bert.attention.head_count", "2"},
        {"bert.attention.layer_norm_epsilon", "1.000000"},  // times 1e12
        {"bert.attention.causal", "false"},
        {"bert.pooling_type", "1"},
        {"tokenizer.ggml.model", "bert"},
        {"tokenizer.ggml.token_type_count", "2"},
        {"tokenizer.ggml.tokens",
         "[PAD]|[UNK]|[CLS]|[SEP]|[MASK]|\u2581word|ing|\u2581\u00e9|\u2581!|"},
        {"tokenizer.ggml.token_type", "3|2|3|3|3|1|1|1|1|"},
        {"tokenizer.ggml.bos_token_id", "2"},
        {"tokenizer.ggml.cls_token_id", "2"},
        {"tokenizer.ggml.seperator_token_id", "3"},
        {"tokenizer.ggml.unknown_token_id", "1"},
        {"tokenizer.ggml.padding_token_id", "0"},
        {"tokenizer.ggml.mask_token_id", "4"},
    };
    EXPECT_EQ(keys, expected);
}

TEST(BertToGguf, TheSameInputGivesTheSameBytes) {
    const auto once = convert(SyntheticBert().file());
    EXPECT_EQ(once.bytes, convert(SyntheticBert().file()).bytes);

    // Names with "bert." before them, other line ends and no last line end are the same model.
    SyntheticBert named;
    for (auto& tensor : named.tensors) tensor.name = "bert." + tensor.name;
    std::string vocabulary = SyntheticBert::vocabulary();
    vocabulary.pop_back();
    for (std::size_t at = 0; (at = vocabulary.find('\n', at)) != std::string::npos; at += 2)
        vocabulary.insert(at, "\r");
    const auto again = convert(named.file(), vocabulary);
    ASSERT_TRUE(again.result) << again.result.error().text;
    EXPECT_EQ(again.bytes, once.bytes);
}

void expect_refused(const Converted& converted, base::Errc code, const std::string& words) {
    ASSERT_FALSE(converted.result) << words;
    EXPECT_EQ(converted.result.error().code, code) << converted.result.error().text;
    EXPECT_NE(converted.result.error().text.find(words), std::string::npos) << converted.result.error().text;
    EXPECT_TRUE(converted.bytes.empty()) << "something was written first";
}

TEST(BertToGguf, RefusesOtherTensors) {
    const std::string query = "encoder.layer.0.attention.self.query.weight";
    SyntheticBert missing;
    missing[query].name = "else";
    expect_refused(convert(missing.file()), base::Errc::invalid, "'" + query + "' is missing");
    SyntheticBert wide;
    wide[query].shape = {2, 8};
    expect_refused(convert(wide.file()), base::Errc::invalid, "another shape");
    SyntheticBert whole;
    whole[query].type = "I32";
    expect_refused(convert(whole.file()), base::Errc::unsupported, "of type I32");
    SyntheticBert broken;
    broken["encoder.layer.0.output.dense.bias"].values[1] = std::numeric_limits<float>::quiet_NaN();
    expect_refused(convert(broken.file()), base::Errc::invalid, "a number that is none");
}

TEST(BertToGguf, RefusesOtherVocabularies) {
    const Bytes model = SyntheticBert().file();
    const std::string good = SyntheticBert::vocabulary();
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    expect_refused(convert(model, good + "more\n"), base::Errc::invalid, "more tokens than the model");
    expect_refused(convert(model, with("!\n", "")), base::Errc::invalid, "fewer tokens than the model");
    expect_refused(convert(model, ""), base::Errc::invalid, "fewer tokens");
    expect_refused(convert(model, with("[SEP]", "[END]")), base::Errc::invalid, "lacks [SEP]");
    expect_refused(convert(model, with("!", "word")), base::Errc::invalid, "line 9 of the vocabulary is there twice");
    expect_refused(convert(model, with("!", "[CLS]")), base::Errc::invalid, "line 9 of the vocabulary is there twice");
    expect_refused(convert(model, with("##ing", "##")), base::Errc::invalid, "has no token");
    expect_refused(convert(model, with("word", "\xff")), base::Errc::invalid, "line 6 of the vocabulary is not UTF-8");
    expect_refused(convert(model, with("word", std::string(5000, 'w'))), base::Errc::invalid, "too long");
}

TEST(BertToGguf, RefusesOtherConfigurations) {
    const Bytes model = SyntheticBert().file();
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = SyntheticBert::config();
        EXPECT_NE(text.find(from), std::string::npos) << from;
        return text.replace(text.find(from), from.size(), to);
    };
    const auto refused = [&](const std::string& config, base::Errc code, const std::string& words) {
        expect_refused(convert(model, SyntheticBert::vocabulary(), config), code, words);
    };
    refused("", base::Errc::invalid, "no JSON object");
    refused("[1]", base::Errc::invalid, "no JSON object");
    refused(with("\"hidden_size\":4", "\"hidden_size\":-4"), base::Errc::invalid, "`hidden_size`");
    refused(with("\"num_attention_heads\":2,", ""), base::Errc::invalid, "`num_attention_heads`");
    refused(with("\"num_attention_heads\":2", "\"num_attention_heads\":3"), base::Errc::invalid, "heads");
    refused(with("\"num_hidden_layers\":1", "\"num_hidden_layers\":99999999999"), base::Errc::invalid, "layers`");
    refused(with("\"num_hidden_layers\":1", "\"num_hidden_layers\":2"), base::Errc::invalid, "layer.1");
    refused(with("1e-12", "\"small\""), base::Errc::invalid, "`layer_norm_eps`");
    refused(with("\"bert\"", "\"roberta\""), base::Errc::unsupported, "no BERT");
    refused(with("\"gelu\"", "\"relu\""), base::Errc::unsupported, "activation");
    refused(with("{", "{\"position_embedding_type\":\"relative_key\","), base::Errc::unsupported, "positions");
}

TEST(BertToGguf, SaysThatTheSinkRefusedAndThatAFileIsMissing) {
    const auto full = bert_to_gguf(SyntheticBert().file(), SyntheticBert::vocabulary(), SyntheticBert::config(),
                                   [](auto) { return false; });
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, base::Errc::unavailable);
    TemporaryFolder folder;
    const auto missing = bert_to_gguf(folder / "model", folder / "vocabulary", folder / "config", folder / "out");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
}

TEST(Safetensors, RefusesWhatIsCutOrLies) {
    const Bytes good = SyntheticBert().file();
    ASSERT_TRUE(read_safetensors(good));
    for (std::size_t length = 0; length < good.size(); length += 13)
        EXPECT_FALSE(read_safetensors(std::span(good).first(length))) << length;
    const auto refused = [](const std::string& header) {
        const auto bytes = SyntheticBert::with_header(header, Bytes(8));
        return !read_safetensors(bytes);
    };
    EXPECT_FALSE(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"));
    for (const char* header :
         {R"([])", R"({"a":1})", R"({"a":{}})", R"({"a":{"dtype":"F32","shape":[2]}})",
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
          R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
          R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
          R"({"a":{"dtype":"F32","shape":[9223372036854775807,3],"data_offsets":[0,8]}})",
          R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})",
          R"({"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}})"})
        EXPECT_TRUE(refused(header)) << header;
    EXPECT_FALSE(read_safetensors(Bytes(8, 0xff)));
}

}  // namespace
}  // namespace antiphon::engine
