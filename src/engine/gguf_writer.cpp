#include "engine/gguf_writer.hpp"

#include <bit>
#include <utility>

namespace antiphon::engine {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint32_t kVersion = 3;
constexpr std::uint64_t kAlignment = 32;

// gguf_metadata_value_type
constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kFloat32 = 6;
constexpr std::uint32_t kBool = 7;
constexpr std::uint32_t kString = 8;
constexpr std::uint32_t kArray = 9;

void put_text(ByteWriter& out, std::string_view text) {
    out.number(text.size(), 8);
    out.text(text);
}

std::uint64_t aligned(std::uint64_t position) { return (position + kAlignment - 1) / kAlignment * kAlignment; }

void pad(ByteWriter& out) {
    while (out.position() % kAlignment != 0) out.number(0, 1);
}

std::uint64_t bytes_of(const std::vector<std::uint64_t>& shape, GgufTensorType type) {
    std::uint64_t bytes = type == GgufTensorType::float16 ? 2 : 4;
    for (const std::uint64_t dimension : shape) bytes *= dimension;
    return bytes;
}

}  // namespace

void GgufWriter::begin(std::string_view key, std::uint32_t type) {
    ++keys_;
    head_.emplace_back([key = std::string(key), type](ByteWriter& out) {
        put_text(out, key);
        out.number(type);
    });
}

void GgufWriter::add(std::string_view key, std::string_view text) {
    begin(key, kString);
    head_.emplace_back([text = std::string(text)](ByteWriter& out) { put_text(out, text); });
}

void GgufWriter::add(std::string_view key, std::uint32_t number) {
    begin(key, kUint32);
    head_.emplace_back([number](ByteWriter& out) { out.number(number); });
}

void GgufWriter::add(std::string_view key, float number) {
    begin(key, kFloat32);
    head_.emplace_back([number](ByteWriter& out) { out.number(std::bit_cast<std::uint32_t>(number)); });
}

void GgufWriter::add(std::string_view key, bool flag) {
    begin(key, kBool);
    head_.emplace_back([flag](ByteWriter& out) { out.number(flag ? 1 : 0, 1); });
}

void GgufWriter::add(std::string_view key, const std::vector<std::string>& texts) {
    begin(key, kArray);
    head_.emplace_back([texts](ByteWriter& out) {
        out.number(kString);
        out.number(texts.size(), 8);
        for (const std::string& text : texts) put_text(out, text);
    });
}

void GgufWriter::add(std::string_view key, const std::vector<std::int32_t>& numbers) {
    begin(key, kArray);
    head_.emplace_back([numbers](ByteWriter& out) {
        out.number(kInt32);
        out.number(numbers.size(), 8);
        for (const std::int32_t number : numbers) out.number(static_cast<std::uint32_t>(number));
    });
}

void GgufWriter::add_tensor(std::string name, std::vector<std::uint64_t> shape, GgufTensorType type,
                            std::function<void(ByteWriter& out)> write) {
    tensors_.push_back({std::move(name), std::move(shape), type, std::move(write)});
}

bool GgufWriter::write(const ByteSink& sink) const {
    ByteWriter out(sink);
    out.number(kMagic);
    out.number(kVersion);
    out.number(tensors_.size(), 8);
    out.number(keys_, 8);
    for (const auto& part : head_) part(out);
    std::uint64_t place = 0;
    for (const Tensor& tensor : tensors_) {
        put_text(out, tensor.name);
        out.number(tensor.shape.size());
        for (auto dimension = tensor.shape.rbegin(); dimension != tensor.shape.rend(); ++dimension)
            out.number(*dimension, 8);
        out.number(static_cast<std::uint32_t>(tensor.type));
        out.number(place, 8);
        place = aligned(place + bytes_of(tensor.shape, tensor.type));
    }
    for (const Tensor& tensor : tensors_) {
        pad(out);
        tensor.write(out);
    }
    pad(out);
    return out.finish();
}

}  // namespace antiphon::engine
