#include "engine/whisper/model_file.hpp"

#include <ggml.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

namespace antiphon::engine::whisper {
namespace {

constexpr std::int32_t kMagic = 0x67676D6C;  // "ggml"

class Reader {
public:
    explicit Reader(const std::filesystem::path& path)
        : in_(path, std::ios::binary), left_(in_ ? std::filesystem::file_size(path) : 0) {}

    bool readable() const { return static_cast<bool>(in_); }
    bool at_end() const { return left_ == 0; }

    bool number(std::int32_t& value) {
        std::array<char, 4> bytes{};
        if (left_ < bytes.size() || !in_.read(bytes.data(), bytes.size())) return false;
        left_ -= bytes.size();
        std::memcpy(&value, bytes.data(), bytes.size());
        return true;
    }
    /// A number that a file of this kind can hold there.
    bool number(std::int32_t& value, std::int32_t least, std::int32_t most) {
        return number(value) && value >= least && value <= most;
    }
    bool skip(std::uint64_t bytes) {
        if (bytes > left_ || !in_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur)) return false;
        left_ -= bytes;
        return true;
    }

private:
    std::ifstream in_;
    std::uint64_t left_;
};

bool dimensions_fit(Reader& in) {
    std::int32_t value = 0;
    return in.number(value, 51864, 60000) &&  // vocabulary
           in.number(value, 1, 4096) &&       // audio context
           in.number(value, 1, 8192) && in.number(value, 1, 256) && in.number(value, 1, 256) &&
           in.number(value, 1, 4096) &&  // text context
           in.number(value, 1, 8192) && in.number(value, 1, 256) && in.number(value, 1, 256) &&
           in.number(value, 1, 256) &&  // mel bands
           in.number(value, 0, 100000);  // kind of weights
}

bool filters_fit(Reader& in) {
    std::int32_t bands = 0;
    std::int32_t bins = 0;
    return in.number(bands, 1, 256) && in.number(bins, 1, 4096) &&
           in.skip(static_cast<std::uint64_t>(bands) * static_cast<std::uint64_t>(bins) * sizeof(float));
}

bool vocabulary_fits(Reader& in) {
    std::int32_t words = 0;
    if (!in.number(words, 1, 60000)) return false;
    for (std::int32_t i = 0; i < words; ++i) {
        std::int32_t length = 0;
        if (!in.number(length, 0, 4096) || !in.skip(static_cast<std::uint64_t>(length))) return false;
    }
    return true;
}

bool tensor_fits(Reader& in) {
    std::int32_t rank = 0;
    std::int32_t name_length = 0;
    std::int32_t type = 0;
    if (!in.number(rank, 1, 4) || !in.number(name_length, 1, 256) || !in.number(type, 0, GGML_TYPE_COUNT - 1)) return false;
    std::int64_t columns = 1;
    std::int64_t rows = 1;
    for (std::int32_t i = 0; i < rank; ++i) {
        std::int32_t size = 0;
        if (!in.number(size, 1, 1 << 24)) return false;
        if (i == 0) columns = size;
        else if (rows > (std::int64_t{1} << 32) / size) return false;
        else rows *= size;
    }
    const auto kind = static_cast<ggml_type>(type);
    const std::int64_t block = ggml_blck_size(kind);
    if (block <= 0 || columns % block != 0) return false;  // a kind that ggml has dropped, or a broken row
    const auto bytes = static_cast<std::uint64_t>(ggml_row_size(kind, columns)) * static_cast<std::uint64_t>(rows);
    return in.skip(static_cast<std::uint64_t>(name_length)) && in.skip(bytes);
}

}  // namespace

base::Result<void> check_model_file(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return base::error(base::Errc::unavailable, "there is no Whisper model " + path.string());
    Reader in(path);
    if (!in.readable())
        return base::error(base::Errc::unavailable, "cannot read the Whisper model " + path.string());
    const auto refuse = [&](const char* why) {
        return base::error(base::Errc::engine, "the Whisper model " + path.string() + " " + why);
    };
    std::int32_t magic = 0;
    if (!in.number(magic) || magic != kMagic) return refuse("is no whisper.cpp (ggml) file");
    if (!dimensions_fit(in)) return refuse("is damaged: its dimensions are none of Whisper's");
    if (!filters_fit(in)) return refuse("is damaged in its mel filters");
    if (!vocabulary_fits(in)) return refuse("is damaged in its vocabulary");
    if (in.at_end()) return refuse("is cut short: it holds no weights");
    while (!in.at_end())
        if (!tensor_fits(in)) return refuse("is damaged or cut short in its weights");
    return {};
}

}  // namespace antiphon::engine::whisper
