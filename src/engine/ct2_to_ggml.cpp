#include "engine/ct2_to_ggml.hpp"

#include "base/utf8.hpp"
#include "engine/file_descriptor.hpp"
#include "engine/half_float.hpp"
#include "engine/mel_filters.hpp"
#include "engine/whisper_tensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <array>
#include <bit>

namespace antiphon::engine {
namespace {

constexpr std::uint32_t kMagic = 0x67676d6c;  // "ggml"
constexpr std::uint32_t kFloat16 = 1;
constexpr std::size_t kBlock = 1 << 20;
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

/// Gathers small writes into blocks for the sink, little endian.
class Writer {
public:
    explicit Writer(const ByteSink& sink) : sink_(sink) { block_.reserve(kBlock); }

    void number(std::uint32_t value, int width = 4) {
        for (int i = 0; i < width; ++i) byte(static_cast<std::uint8_t>(value >> 8 * i));
    }
    void text(std::string_view from) {
        for (const char c : from) byte(static_cast<std::uint8_t>(c));
    }
    void bytes(std::span<const std::uint8_t> from) {
        flush();
        ok_ = ok_ && sink_(from);
    }
    bool finish() {
        flush();
        return ok_;
    }

private:
    void byte(std::uint8_t value) {
        block_.push_back(value);
        if (block_.size() == kBlock) flush();
    }
    void flush() {
        if (!block_.empty()) ok_ = ok_ && sink_(block_);
        block_.clear();
    }

    const ByteSink& sink_;
    std::vector<std::uint8_t> block_;
    bool ok_ = true;
};

void write_head(Writer& out, const WhisperTensors& whisper) {
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

void write_values(Writer& out, const WhisperTensor& tensor, bool as_half) {
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

void write_tensor(Writer& out, const WhisperTensor& tensor) {
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

/// A file's bytes for reading, without a copy in memory.
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path) {
        const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct ::stat status {};
        if (!file || ::fstat(file.get(), &status) != 0) {
            fault_ = system_text("cannot open", path);
        } else if (status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
            if (data_ == MAP_FAILED) fault_ = system_text("cannot read", path);
        }
    }
    ~MappedFile() {
        if (size_ > 0 && data_ != MAP_FAILED) ::munmap(data_, size_);
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::string& fault() const { return fault_; }
    std::span<const std::uint8_t> bytes() const { return {static_cast<const std::uint8_t*>(data_), size_}; }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
    std::string fault_;
};

}  // namespace

base::Result<void> ct2_to_ggml(std::span<const std::uint8_t> model, std::string_view vocabulary, const ByteSink& sink) {
    const auto file = Ct2File::parse(model);
    if (!file) return file.error();
    const auto whisper = whisper_tensors(*file);
    if (!whisper) return whisper.error();
    const auto tokens = read_vocabulary(vocabulary, whisper->vocabulary);
    if (!tokens) return tokens.error();

    Writer out(sink);
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

    FileDescriptor out(::open(destination.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!out) return base::error(base::Errc::unavailable, system_text("cannot write", destination));
    std::string fault;
    const ByteSink sink = [&](std::span<const std::uint8_t> bytes) {
        if (out.write(bytes.data(), bytes.size())) return true;
        fault = system_text("cannot write", destination);
        return false;
    };
    const std::string_view text(reinterpret_cast<const char*>(words.bytes().data()), words.bytes().size());
    if (auto converted = ct2_to_ggml(weights.bytes(), text, sink); !converted)
        return fault.empty() ? converted.error() : base::error(base::Errc::unavailable, fault);
    if (::fsync(out.get()) != 0) return base::error(base::Errc::unavailable, system_text("cannot write", destination));
    return {};
}

}  // namespace antiphon::engine
