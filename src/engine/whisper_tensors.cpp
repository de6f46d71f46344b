#include "engine/whisper_tensors.hpp"

#include "engine/half_float.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>

namespace antiphon::engine {
namespace {

// Far above every Whisper model that there is (large: 32 layers, 1280 wide, 128 mels).
constexpr std::uint32_t kMostLayers = 128;
constexpr std::uint32_t kMostMels = 512;
constexpr std::uint32_t kMostHeads = 256;

/// Collects the tensors; the first thing found wrong is kept and ends the collecting.
class Collector {
public:
    explicit Collector(const Ct2File& model) : model_(model) {}

    bool ok() const { return fault_.empty(); }
    const std::string& fault() const { return fault_; }
    std::vector<WhisperTensor> take() { return std::move(tensors_); }

    void refuse(std::string why) {
        if (fault_.empty()) fault_ = std::move(why);
    }

    /// A float variable of this shape; null, with the fault noted, if there is none.
    const Ct2Variable* get(const std::string& name, std::initializer_list<std::uint32_t> shape) {
        const Ct2Variable* variable = get(name);
        if (variable != nullptr &&
            !std::equal(shape.begin(), shape.end(), variable->shape.begin(), variable->shape.end())) {
            refuse("'" + name + "' has the wrong shape");
            return nullptr;
        }
        return variable;
    }

    const Ct2Variable* get(const std::string& name) {
        const Ct2Variable* variable = model_.find(name);
        if (variable == nullptr)
            refuse("'" + name + "' is missing");
        else if (!variable->is_float())
            refuse("'" + name + "' is quantised; convert from a float16 or float32 model");
        else
            return variable;
        return nullptr;
    }

    void add(std::string name, const Ct2Variable* variable) {
        if (variable != nullptr)
            tensors_.push_back({std::move(name), variable->shape, variable->type, variable->bytes});
    }

    void layer_norm(const std::string& to, const std::string& from, std::uint32_t width) {
        add(to + ".weight", get(from + "/gamma", {width}));
        add(to + ".bias", get(from + "/beta", {width}));
    }

    void linear(const std::string& to, const std::string& from, std::uint32_t out, std::uint32_t in) {
        add(to + ".weight", get(from + "/weight", {out, in}));
        add(to + ".bias", get(from + "/bias", {out}));
    }

    /// One matrix that holds those of several projections, below each other.
    void fused(const std::string& to, const std::string& from, std::initializer_list<const char*> names,
               std::uint32_t width) {
        const auto rows = static_cast<std::uint32_t>(names.size()) * width;
        const Ct2Variable* weight = get(from + "/weight", {rows, width});
        const Ct2Variable* bias = get(from + "/bias", {rows});
        if (weight == nullptr || bias == nullptr) return;
        std::size_t index = 0;
        for (const std::string name : names) {
            const WhisperTensor its_bias = slice(to + "." + name + ".bias", *bias, index, width, {width});
            tensors_.push_back(slice(to + "." + name + ".weight", *weight, index, width, {width, width}));
            if (name != "key")
                tensors_.push_back(its_bias);
            else if (!is_zero(its_bias))
                refuse("a key's bias is not zero, which Whisper cannot hold");
            ++index;
        }
    }

    /// How many layers there are: "encoder/layer_0" and so on without a gap.
    std::uint32_t layers(const std::string& side) {
        std::uint32_t count = 0;
        while (count <= kMostLayers &&
               model_.find(side + "layer_" + std::to_string(count) + "/self_attention/layer_norm/gamma") != nullptr)
            ++count;
        if (count == 0 || count > kMostLayers) refuse("'" + side + "' has no usable number of layers");
        return count;
    }

    std::uint32_t heads(const std::string& name, std::uint32_t width) {
        std::int64_t count = width / 64;  // what every Whisper model has, for files that do not say it
        if (const Ct2Variable* variable = model_.find(name)) {
            if (variable->is_float() || variable->type == Ct2Variable::Type::bfloat16 ||
                variable->bytes.size() != variable->item_size())
                refuse("'" + name + "' is not a whole number");
            else
                count = variable->integer();
        }
        if (count < 1 || count > kMostHeads || width % count != 0)
            refuse("'" + name + "' does not divide the model's width");
        return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 1, kMostHeads));
    }

private:
    static WhisperTensor slice(std::string name, const Ct2Variable& whole, std::size_t index, std::uint32_t rows,
                               std::vector<std::uint32_t> shape) {
        const std::size_t row = whole.bytes.size() / whole.shape.front();
        return {std::move(name), std::move(shape), whole.type, whole.bytes.subspan(index * rows * row, rows * row)};
    }

    static bool is_zero(const WhisperTensor& tensor) {
        constexpr float kNothing = 1e-6F;
        const bool half = tensor.type == Ct2Variable::Type::float16;
        const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(tensor.bytes[at]); };
        for (std::size_t at = 0; at < tensor.bytes.size(); at += half ? 2 : 4) {
            const float value =
                half ? from_half(static_cast<std::uint16_t>(byte(at) | byte(at + 1) << 8))
                     : std::bit_cast<float>(byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24);
            if (!(std::fabs(value) <= kNothing)) return false;
        }
        return true;
    }

    const Ct2File& model_;
    std::string fault_;
    std::vector<WhisperTensor> tensors_;
};

void add_block(Collector& to, const std::string& name, const std::string& from, std::uint32_t width, bool decoder) {
    to.layer_norm(name + ".attn_ln", from + "/self_attention/layer_norm", width);
    to.fused(name + ".attn", from + "/self_attention/linear_0", {"query", "key", "value"}, width);
    to.linear(name + ".attn.out", from + "/self_attention/linear_1", width, width);
    if (decoder) {
        to.layer_norm(name + ".cross_attn_ln", from + "/attention/layer_norm", width);
        to.linear(name + ".cross_attn.query", from + "/attention/linear_0", width, width);
        to.fused(name + ".cross_attn", from + "/attention/linear_1", {"key", "value"}, width);
        to.linear(name + ".cross_attn.out", from + "/attention/linear_2", width, width);
    }
    to.layer_norm(name + ".mlp_ln", from + "/ffn/layer_norm", width);
    to.linear(name + ".mlp.0", from + "/ffn/linear_0", 4 * width, width);
    to.linear(name + ".mlp.2", from + "/ffn/linear_1", width, 4 * width);
}

/// A variable of rank 2, for its dimensions.
bool is_matrix(Collector& in, const Ct2Variable* variable, const char* what) {
    if (variable == nullptr) return false;
    if (variable->shape.size() == 2 && variable->shape[0] > 0 && variable->shape[1] > 0) return true;
    in.refuse(std::string("the ") + what + " have the wrong shape");
    return false;
}

/// The convolutions before the encoder. CTranslate2 has written their weights with two and three dimensions.
void add_convolution(Collector& to, const std::string& number, std::uint32_t width, std::uint32_t in) {
    const Ct2Variable* weight = to.get("encoder/conv" + number + "/weight");
    if (weight == nullptr) return;
    const bool flat = weight->shape == std::vector<std::uint32_t>{width, in * 3};
    if (!flat && weight->shape != std::vector<std::uint32_t>{width, in, 3})
        to.refuse("a convolution has the wrong shape");
    Ct2Variable unfolded = *weight;
    unfolded.shape = {width, in, 3};
    to.add("encoder.conv" + number + ".weight", &unfolded);
    to.add("encoder.conv" + number + ".bias", to.get("encoder/conv" + number + "/bias", {width}));
}

}  // namespace

base::Result<WhisperTensors> whisper_tensors(const Ct2File& model) {
    const auto bad = [](const std::string& why) {
        return base::error(base::Errc::invalid, "not a usable Whisper model: " + why);
    };
    if (model.specification() != "WhisperSpec") return bad("its kind is '" + model.specification() + "'");

    Collector collector(model);
    WhisperTensors whisper;
    const Ct2Variable* positions = collector.get("encoder/position_encodings/encodings");
    const Ct2Variable* first_weight = collector.get("encoder/conv1/weight");
    const Ct2Variable* text_positions = collector.get("decoder/position_encodings/encodings");
    const Ct2Variable* embedding = collector.get("decoder/embeddings/weight");
    if (!is_matrix(collector, positions, "encoder's positions") || first_weight == nullptr ||
        !is_matrix(collector, text_positions, "decoder's positions") || !is_matrix(collector, embedding, "embeddings"))
        return bad(collector.fault());

    whisper.audio_context = positions->shape[0];
    whisper.audio_state = positions->shape[1];
    whisper.text_context = text_positions->shape[0];
    whisper.text_state = text_positions->shape[1];
    whisper.vocabulary = embedding->shape[0];
    const std::uint32_t width = whisper.audio_state;
    if (whisper.text_state != width || embedding->shape[1] != width || width > 65536)
        return bad("its widths do not agree");
    const std::size_t rank = first_weight->shape.size();
    if (rank != 2 && rank != 3) return bad("a convolution has the wrong shape");
    whisper.mels = rank == 3 ? first_weight->shape[1] : first_weight->shape[1] / 3;
    if (whisper.mels == 0 || whisper.mels > kMostMels) return bad("it takes no usable number of mel bands");
    whisper.audio_heads = collector.heads("encoder/num_heads", width);
    whisper.text_heads = collector.heads("decoder/num_heads", width);
    whisper.audio_layers = collector.layers("encoder/");
    whisper.text_layers = collector.layers("decoder/");
    if (!collector.ok()) return bad(collector.fault());

    collector.add("encoder.positional_embedding", positions);
    add_convolution(collector, "1", width, whisper.mels);
    add_convolution(collector, "2", width, width);
    for (std::uint32_t i = 0; i < whisper.audio_layers; ++i)
        add_block(collector, "encoder.blocks." + std::to_string(i), "encoder/layer_" + std::to_string(i), width, false);
    collector.layer_norm("encoder.ln_post", "encoder/layer_norm", width);
    collector.add("decoder.positional_embedding", text_positions);
    collector.add("decoder.token_embedding.weight", embedding);
    for (std::uint32_t i = 0; i < whisper.text_layers; ++i)
        add_block(collector, "decoder.blocks." + std::to_string(i), "decoder/layer_" + std::to_string(i), width, true);
    collector.layer_norm("decoder.ln", "decoder/layer_norm", width);
    if (!collector.ok()) return bad(collector.fault());

    if (const Ct2Variable* output = model.find("decoder/projection/weight")) {
        const bool tied = output->type == embedding->type && output->bytes.size() >= embedding->bytes.size() &&
                          std::equal(embedding->bytes.begin(), embedding->bytes.end(), output->bytes.begin());
        if (!tied)
            return base::error(base::Errc::unsupported,
                               "this model's output layer is not its embedding, and whisper.cpp has one for both");
    }
    whisper.tensors = collector.take();
    return whisper;
}

}  // namespace antiphon::engine
