#include "engine/bert_to_gguf.hpp"

#include "base/utf8.hpp"
#include "engine/gguf_writer.hpp"
#include "engine/half_float.hpp"
#include "engine/safetensors.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::engine {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kMostlyFloat16 = 1;  // llama_ftype
constexpr std::uint32_t kMeanPooling = 1;    // llama_pooling_type
constexpr std::size_t kLongestToken = 4096;
constexpr std::int64_t kLargest = 1 << 20;  // of every number in config.json

// llama_token_type
constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;

base::Error bad(const std::string& why) {
    return base::error(base::Errc::invalid, "not a usable BERT model: " + why);
}

struct Config {
    std::uint64_t state = 0;
    std::uint64_t layers = 0;
    std::uint64_t heads = 0;
    std::uint64_t inner = 0;
    std::uint64_t positions = 0;
    std::uint64_t words = 0;
    std::uint64_t types = 0;
    float epsilon = 0.0F;
};

base::Result<Config> read_config(std::string_view text) {
    boost::system::error_code fault;
    const json::value root = json::parse(json::string_view(text.data(), text.size()), fault);
    if (fault || !root.is_object()) return bad("config.json is no JSON object");
    const json::object& from = root.get_object();
    std::string missing;
    const auto number = [&](const char* key) -> std::uint64_t {
        const json::value* value = from.if_contains(key);
        if (value != nullptr && value->is_int64() && value->get_int64() > 0 && value->get_int64() <= kLargest)
            return static_cast<std::uint64_t>(value->get_int64());
        missing = key;
        return 0;
    };
    const auto is = [&](const char* key, std::string_view wanted, bool otherwise) {
        const json::value* value = from.if_contains(key);
        return value == nullptr ? otherwise : value->is_string() && value->get_string() == wanted;
    };
    Config config{.state = number("hidden_size"),
                  .layers = number("num_hidden_layers"),
                  .heads = number("num_attention_heads"),
                  .inner = number("intermediate_size"),
                  .positions = number("max_position_embeddings"),
                  .words = number("vocab_size"),
                  .types = number("type_vocab_size")};
    const json::value* epsilon = from.if_contains("layer_norm_eps");
    if (epsilon != nullptr && epsilon->is_double()) config.epsilon = static_cast<float>(epsilon->get_double());
    if (!(config.epsilon > 0.0F && config.epsilon < 1.0F)) missing = "layer_norm_eps";
    if (!missing.empty()) return bad("config.json has no usable `" + missing + "`");
    if (config.state % config.heads != 0) return bad("its heads do not divide its vectors");
    if (!is("model_type", "bert", false)) return base::error(base::Errc::unsupported, "the model is no BERT");
    if (!is("hidden_act", "gelu", false) || !is("position_embedding_type", "absolute", true))
        return base::error(base::Errc::unsupported, "the model's activation or positions are not those of llama.cpp's");
    return config;
}

struct Vocabulary {
    std::vector<std::string> tokens;  ///< as llama.cpp marks them: what begins a word has U+2581 before it
    std::vector<std::int32_t> types;
    std::uint32_t unknown = 0, begin = 0, end = 0, padding = 0, mask = 0;
};

base::Result<Vocabulary> read_vocabulary(std::string_view text, std::uint64_t words) {
    Vocabulary vocabulary;
    std::set<std::string, std::less<>> seen;
    const std::array<std::pair<const char*, std::uint32_t*>, 5> special{{{"[UNK]", &vocabulary.unknown},
                                                                         {"[CLS]", &vocabulary.begin},
                                                                         {"[SEP]", &vocabulary.end},
                                                                         {"[PAD]", &vocabulary.padding},
                                                                         {"[MASK]", &vocabulary.mask}}};
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto place = static_cast<std::uint32_t>(vocabulary.tokens.size());
        const std::string where = "line " + std::to_string(place + 1) + " of the vocabulary ";
        if (line.size() > kLongestToken) return bad(where + "is too long");
        if (!base::is_utf8(line)) return bad(where + "is not UTF-8");
        std::string token;
        std::int32_t type = kNormal;
        const auto found = std::find_if(special.begin(), special.end(), [&](const auto& s) { return s.first == line; });
        if (found != special.end()) {
            *found->second = place;
            type = line == "[UNK]" ? kUnknown : kControl;
            token = line;
        } else if (line.starts_with("##")) {
            token = line.substr(2);
        } else {
            token = "\u2581" + std::string(line);
        }
        if (token.empty()) return bad(where + "has no token");
        // llama.cpp ends the process when a vocabulary has a token twice.
        if (!seen.insert(token).second) return bad(where + "is there twice");
        vocabulary.tokens.push_back(std::move(token));
        vocabulary.types.push_back(type);
        if (vocabulary.tokens.size() > words) return bad("its vocabulary has more tokens than the model");
    }
    if (vocabulary.tokens.size() != words) return bad("its vocabulary has fewer tokens than the model");
    for (const auto& [name, place] : special)
        if (!seen.contains(name)) return bad("its vocabulary lacks " + std::string(name));
    return vocabulary;
}

/// One tensor: what it is called on both sides, and what shape it must have.
struct Place {
    std::string from;
    std::string to;
    std::vector<std::uint64_t> shape;
    GgufTensorType type = GgufTensorType::float32;
};

std::vector<Place> places_of(const Config& config) {
    std::vector<Place> places;
    const auto matrix = [&](const std::string& from, const std::string& to, std::uint64_t rows, std::uint64_t columns,
                            GgufTensorType type) {
        places.push_back({from + ".weight", to + ".weight", {rows, columns}, type});
    };
    const auto norm = [&](const std::string& from, const std::string& to) {
        for (const char* part : {".weight", ".bias"})
            places.push_back({from + part, to + part, {config.state}, GgufTensorType::float32});
    };
    const auto linear = [&](const std::string& from, const std::string& to, std::uint64_t out, std::uint64_t in) {
        matrix(from, to, out, in, GgufTensorType::float16);
        places.push_back({from + ".bias", to + ".bias", {out}, GgufTensorType::float32});
    };
    const std::string embeddings = "embeddings.";
    matrix(embeddings + "word_embeddings", "token_embd", config.words, config.state, GgufTensorType::float16);
    matrix(embeddings + "position_embeddings", "position_embd", config.positions, config.state,
           GgufTensorType::float32);
    matrix(embeddings + "token_type_embeddings", "token_types", config.types, config.state, GgufTensorType::float32);
    norm(embeddings + "LayerNorm", "token_embd_norm");
    for (std::uint64_t layer = 0; layer < config.layers; ++layer) {
        const std::string from = "encoder.layer." + std::to_string(layer) + ".";
        const std::string to = "blk." + std::to_string(layer) + ".";
        for (const auto& [theirs, ours] : {std::pair{"query", "attn_q"}, {"key", "attn_k"}, {"value", "attn_v"}})
            linear(from + "attention.self." + theirs, to + ours, config.state, config.state);
        linear(from + "attention.output.dense", to + "attn_output", config.state, config.state);
        norm(from + "attention.output.LayerNorm", to + "attn_output_norm");
        linear(from + "intermediate.dense", to + "ffn_up", config.inner, config.state);
        linear(from + "output.dense", to + "ffn_down", config.state, config.inner);
        norm(from + "output.LayerNorm", to + "layer_output_norm");
    }
    return places;
}

std::uint32_t float_bits(std::span<const std::uint8_t> bytes, std::size_t at) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) bits |= std::uint32_t{bytes[at + i]} << 8 * i;
    return bits;
}

/// Adds each tensor that the encoder needs.
base::Result<void> add_tensors(const SafeTensors& tensors, const Config& config, GgufWriter& out) {
    for (Place& place : places_of(config)) {
        auto found = tensors.find(place.from);
        if (found == tensors.end()) found = tensors.find("bert." + place.from);
        if (found == tensors.end()) return bad("'" + place.from + "' is missing");
        const SafeTensor& tensor = found->second;
        if (tensor.shape != place.shape) return bad("'" + place.from + "' has another shape than config.json says");
        if (tensor.type != "F32")
            return base::error(base::Errc::unsupported, "'" + place.from + "' is of type " + tensor.type +
                                                            "; convert from a model in float32");
        const auto bytes = tensor.bytes;
        for (std::size_t at = 0; at < bytes.size(); at += 4)
            if (!std::isfinite(std::bit_cast<float>(float_bits(bytes, at))))
                return bad("'" + place.from + "' has a number that is none");
        if (place.type == GgufTensorType::float32) {
            out.add_tensor(place.to, place.shape, place.type, [bytes](ByteWriter& to) { to.bytes(bytes); });
            continue;
        }
        out.add_tensor(place.to, place.shape, place.type, [bytes](ByteWriter& to) {
            for (std::size_t at = 0; at < bytes.size(); at += 4)
                to.number(to_half(std::bit_cast<float>(float_bits(bytes, at))), 2);
        });
    }
    return {};
}

void add_head(const Config& config, const Vocabulary& vocabulary, GgufWriter& out) {
    const auto number = [&](const char* key, std::uint64_t value) { out.add(key, static_cast<std::uint32_t>(value)); };
    out.add("general.architecture", "bert");
    out.add("general.file_type", kMostlyFloat16);
    number("bert.context_length", config.positions);
    number("bert.embedding_length", config.state);
    number("bert.feed_forward_length", config.inner);
    number("bert.block_count", config.layers);
    number("bert.attention.head_count", config.heads);
    out.add("bert.attention.layer_norm_epsilon", config.epsilon);
    out.add("bert.attention.causal", false);
    out.add("bert.pooling_type", kMeanPooling);
    out.add("tokenizer.ggml.model", "bert");
    number("tokenizer.ggml.token_type_count", config.types);
    out.add("tokenizer.ggml.tokens", vocabulary.tokens);
    out.add("tokenizer.ggml.token_type", vocabulary.types);
    out.add("tokenizer.ggml.bos_token_id", vocabulary.begin);
    out.add("tokenizer.ggml.cls_token_id", vocabulary.begin);
    out.add("tokenizer.ggml.seperator_token_id", vocabulary.end);  // llama.cpp's spelling
    out.add("tokenizer.ggml.unknown_token_id", vocabulary.unknown);
    out.add("tokenizer.ggml.padding_token_id", vocabulary.padding);
    out.add("tokenizer.ggml.mask_token_id", vocabulary.mask);
}

}  // namespace

base::Result<void> bert_to_gguf(std::span<const std::uint8_t> model, std::string_view vocabulary,
                                std::string_view config, const ByteSink& sink) {
    const auto numbers = read_config(config);
    if (!numbers) return numbers.error();
    const auto words = read_vocabulary(vocabulary, numbers->words);
    if (!words) return words.error();
    const auto tensors = read_safetensors(model);
    if (!tensors) return tensors.error();
    GgufWriter out;
    add_head(*numbers, *words, out);
    if (auto added = add_tensors(*tensors, *numbers, out); !added) return added;
    if (!out.write(sink)) return base::error(base::Errc::unavailable, "the converted model could not be written");
    return {};
}

base::Result<void> bert_to_gguf(const std::filesystem::path& model, const std::filesystem::path& vocabulary,
                                const std::filesystem::path& config, const std::filesystem::path& destination) {
    const MappedFile weights(model);
    const MappedFile words(vocabulary);
    const MappedFile numbers(config);
    for (const MappedFile* file : {&weights, &words, &numbers})
        if (!file->fault().empty()) return base::error(base::Errc::not_found, file->fault());
    return write_converted(destination, [&](const ByteSink& sink) {
        return bert_to_gguf(weights.bytes(), words.text(), numbers.text(), sink);
    });
}

}  // namespace antiphon::engine
