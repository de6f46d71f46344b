#include "engine/file_hash.hpp"

#include "engine/file_descriptor.hpp"

#include <openssl/evp.h>

#include <fcntl.h>
#include <cerrno>
#include <memory>
#include <vector>

namespace antiphon::engine {

base::Result<std::string> sha256_of(const std::filesystem::path& file, const ByteCount& progress,
                                    const std::stop_token& stop) {
    const FileDescriptor input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input)
        return base::error(errno == ENOENT ? base::Errc::not_found : base::Errc::unavailable,
                           system_text("cannot open", file));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        return base::error(base::Errc::engine, "OpenSSL has no SHA-256");

    std::vector<unsigned char> block(1 << 20);
    std::uint64_t done = 0;
    for (;;) {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped while hashing " + file.string());
        const ::ssize_t count = ::read(input.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return base::error(base::Errc::unavailable, system_text("cannot read", file));
        if (count == 0) break;
        if (EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(count)) != 1)
            return base::error(base::Errc::engine, "OpenSSL failed to hash " + file.string());
        done += static_cast<std::uint64_t>(count);
        if (progress) progress(done);
    }

    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(context.get(), digest, &length) != 1)
        return base::error(base::Errc::engine, "OpenSSL failed to hash " + file.string());
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
        text += kDigits[digest[i] >> 4];
        text += kDigits[digest[i] & 15];
    }
    return text;
}

}  // namespace antiphon::engine
