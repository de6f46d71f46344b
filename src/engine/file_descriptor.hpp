// An open file that closes itself, and writing that does not stop half way.
//
// strand: one owner at a time.
#pragma once

#include "base/result.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

namespace antiphon::engine {

/// "cannot open /a/b: No such file or directory", by the current errno.
inline std::string system_text(const char* what, const std::filesystem::path& path) {
    return std::string(what) + " " + path.string() + ": " + std::strerror(errno);
}

class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    ~FileDescriptor() { close(); }
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            close();
            descriptor_ = std::exchange(other.descriptor_, -1);
        }
        return *this;
    }

    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    int get() const noexcept { return descriptor_; }

    void close() noexcept {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }

    /// Writes all of it. False, with errno set, when the system refuses (a full disk, for example).
    bool write(const void* data, std::size_t bytes) const noexcept {
        const char* at = static_cast<const char*>(data);
        while (bytes > 0) {
            const ::ssize_t count = ::write(descriptor_, at, bytes);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return false;
            at += count;
            bytes -= static_cast<std::size_t>(count);
        }
        return true;
    }

private:
    int descriptor_ = -1;
};

}  // namespace antiphon::engine
