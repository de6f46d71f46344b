#include "engine/ct2_to_ggml.hpp"

#include "base/utf8.hpp"
#include "engine/half_float.hpp"
#include "engine/mel_filters.hpp"
#include "engine/whisper_tensors.hpp"

#include <array>
#include <bit>

namespace antiphon::engine {
namespace {

constexpr std::uint32_t kMagic = 0x67676d6c;  // "ggml"
constexpr std::uint32_t kFloat16 = 1;
constexpr std::size_t kLongestToken = 4096;

/// Which byte each visible character stands for: printable Latin-1 stands for itself, the other 68 bytes are
/// U+0100 and on (OpenAI's GPT-2, bytes_to_unicode).
std::array<int, 512> byte_of_character() {
    std::array<int, 512> bytes{};
    bytes.fill(-1);
    int next = 256;
    for (int byte = 0; byte < 256; ++byte) {
        const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        bytes[static_cast<std::size_t>(visible ? byte : next++)] = byte;
    }
    return bytes;
}

/// The tokens up to the first special one, as bytes.
base::Result<std::vector<std::string>> read_vocabulary(std::string_view text, std::size_t limit) {
    static const std::array<int, 512> bytes = byte_of_character();
    const auto bad = [](const std::string& why) {
        return base::error(base::Errc::invalid, "not a usable vocabulary: " + why);
    };
    std::vector<std::string> tokens;
    for (;;) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos && text.empty()) return bad("<|endoftext|> is missing");
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line == "<|endoftext|>") return tokens;
        const std::string number = std::to_string(tokens.size() + 1);
        if (line.size() > kLongestToken) return bad("line " + number + " is too long");
        if (!base::is_utf8(line)) return bad("line " + number + " is not UTF-8");
        std::string token;
        for (const char32_t character : base::code_points(line)) {
            const int byte = character < bytes.size() ? bytes[character] : -1;
            if (byte < 0) return bad("line " + number + " has a character that stands for no byte");
            token += static_cast<char>(byte);
        }
        tokens.push_back(std::move(token));
        if (tokens.size() > limit) return bad("it has more tokens than the model");
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void write_head(ByteWriter& out, const WhisperTensors& whisper) {
    out.number(kMagic);
    for (const std::uint32_t value :
         {whisper.vocabulary, whisper.audio_context, whisper.audio_state, whisper.audio_heads, whisper.audio_layers,
          whisper.text_context, whisper.text_state, whisper.text_heads, whisper.text_layers, whisper.mels, kFloat16})
        out.number(value);
    out.number(whisper.mels);
    out.number(kMelBins);
    for (const float value : slaney_mel_filters(static_cast<int>(whisper.mels)))
        out.number(std::bit_cast<std::uint32_t>(value));
}

void write_values(ByteWriter& out, const WhisperTensor& tensor, bool as_half) {
    const bool is_half = tensor.type == Ct2Variable::Type::float16;
    if (is_half == as_half) return out.bytes(tensor.bytes);
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(tensor.bytes[at]); };
    for (std::size_t at = 0; at < tensor.bytes.size(); at += is_half ? 2 : 4) {
        if (is_half) {
            out.number(
                std::bit_cast<std::uint32_t>(from_half(static_cast<std::uint16_t>(byte(at) | byte(at + 1) << 8))));
        } else {
            const std::uint32_t bits = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
            out.number(to_half(std::bit_cast<float>(bits)), 2);
        }
    }
}

void write_tensor(ByteWriter& out, const WhisperTensor& tensor) {
    std::vector<std::uint32_t> shape = tensor.shape;
    // whisper.cpp adds these two over time, and wants them as columns.
    if (tensor.name == "encoder.conv1.bias" || tensor.name == "encoder.conv2.bias") shape.push_back(1);
    const bool as_half = tensor.shape.size() >= 2 && !tensor.name.ends_with("positional_embedding");
    out.number(static_cast<std::uint32_t>(shape.size()));
    out.number(static_cast<std::uint32_t>(tensor.name.size()));
    out.number(as_half ? kFloat16 : 0);
    for (auto dimension = shape.rbegin(); dimension != shape.rend(); ++dimension) out.number(*dimension);
    out.text(tensor.name);
    write_values(out, tensor, as_half);
}

}  // namespace

base::Result<void> ct2_to_ggml(std::span<const std::uint8_t> model, std::string_view vocabulary, const ByteSink& sink) {
    const auto file = Ct2File::parse(model);
    if (!file) return file.error();
    const auto whisper = whisper_tensors(*file);
    if (!whisper) return whisper.error();
    const auto tokens = read_vocabulary(vocabulary, whisper->vocabulary);
    if (!tokens) return tokens.error();

    ByteWriter out(sink);
    write_head(out, *whisper);
    out.number(static_cast<std::uint32_t>(tokens->size()));
    for (const std::string& token : *tokens) {
        out.number(static_cast<std::uint32_t>(token.size()));
        out.text(token);
    }
    for (const WhisperTensor& tensor : whisper->tensors) write_tensor(out, tensor);
    if (!out.finish()) return base::error(base::Errc::unavailable, "the converted model could not be written");
    return {};
}

base::Result<void> ct2_to_ggml(const std::filesystem::path& model, const std::filesystem::path& vocabulary,
                               const std::filesystem::path& destination) {
    const MappedFile weights(model);
    if (!weights.fault().empty()) return base::error(base::Errc::not_found, weights.fault());
    const MappedFile words(vocabulary);
    if (!words.fault().empty()) return base::error(base::Errc::not_found, words.fault());

    return write_converted(destination, [&](const ByteSink& sink) {
        return ct2_to_ggml(weights.bytes(), words.text(), sink);
    });
}

}  // namespace antiphon::engine
