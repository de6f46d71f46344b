#include "engine/conversion.hpp"

#include "engine/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace antiphon::engine {
namespace {

constexpr std::size_t kBlock = 1 << 20;

}  // namespace

ByteWriter::ByteWriter(const ByteSink& sink) : sink_(sink) { block_.reserve(kBlock); }

void ByteWriter::number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) byte(static_cast<std::uint8_t>(value >> 8 * i));
}

void ByteWriter::text(std::string_view from) {
    for (const char c : from) byte(static_cast<std::uint8_t>(c));
}

void ByteWriter::bytes(std::span<const std::uint8_t> from) {
    flush();
    ok_ = ok_ && sink_(from);
    position_ += from.size();
}

bool ByteWriter::finish() {
    flush();
    return ok_;
}

void ByteWriter::byte(std::uint8_t value) {
    block_.push_back(value);
    ++position_;
    if (block_.size() == kBlock) flush();
}

void ByteWriter::flush() {
    if (!block_.empty()) ok_ = ok_ && sink_(block_);
    block_.clear();
}

MappedFile::MappedFile(const std::filesystem::path& path) {
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

MappedFile::~MappedFile() {
    if (size_ > 0 && data_ != MAP_FAILED) ::munmap(data_, size_);
}

std::span<const std::uint8_t> MappedFile::bytes() const noexcept {
    return {static_cast<const std::uint8_t*>(data_), size_};
}

std::string_view MappedFile::text() const noexcept { return {static_cast<const char*>(data_), size_}; }

base::Result<void> write_converted(const std::filesystem::path& destination,
                                   const std::function<base::Result<void>(const ByteSink& sink)>& make) {
    FileDescriptor out(::open(destination.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!out) return base::error(base::Errc::unavailable, system_text("cannot write", destination));
    std::string fault;
    const ByteSink sink = [&](std::span<const std::uint8_t> bytes) {
        if (out.write(bytes.data(), bytes.size())) return true;
        fault = system_text("cannot write", destination);
        return false;
    };
    if (auto made = make(sink); !made)
        return fault.empty() ? made.error() : base::error(base::Errc::unavailable, fault);
    if (::fsync(out.get()) != 0) return base::error(base::Errc::unavailable, system_text("cannot write", destination));
    return {};
}

}  // namespace antiphon::engine
