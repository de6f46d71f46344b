// What the converters of model files have in common: reading a file without a copy, writing one in small pieces.
//
// strand: each object belongs to one conversion.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

/// Takes the next bytes of the result; false if they cannot be kept.
using ByteSink = std::function<bool(std::span<const std::uint8_t> bytes)>;

/// Gathers small writes into blocks for the sink, little endian.
class ByteWriter {
public:
    /// The sink must outlive the writer.
    explicit ByteWriter(const ByteSink& sink);

    /// `width` bytes, at most 8.
    void number(std::uint64_t value, int width = 4);
    void text(std::string_view from);
    void bytes(std::span<const std::uint8_t> from);
    /// Bytes written so far.
    std::uint64_t position() const noexcept { return position_; }
    /// Hands over what is left; false if the sink has refused anything.
    bool finish();

private:
    void byte(std::uint8_t value);
    void flush();

    const ByteSink& sink_;
    std::vector<std::uint8_t> block_;
    std::uint64_t position_ = 0;
    bool ok_ = true;
};

/// A file's bytes for reading, without a copy in memory.
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    /// Why it cannot be read; empty if it can.
    const std::string& fault() const noexcept { return fault_; }
    std::span<const std::uint8_t> bytes() const noexcept;
    std::string_view text() const noexcept;

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
    std::string fault_;
};

/// Gives `make` a sink that writes the file, which is replaced, and is on disk when this returns; after a
/// failure it is gone or half written. Fails as `make` does, or with `unavailable` when the file cannot be written.
base::Result<void> write_converted(const std::filesystem::path& destination,
                                   const std::function<base::Result<void>(const ByteSink& sink)>& make);

}  // namespace antiphon::engine
