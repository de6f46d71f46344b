#include "edge/hmac_sha1.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace antiphon::edge {

Sha1Mac hmac_sha1(std::span<const std::uint8_t> key, std::span<const std::uint8_t> message) {
    // OpenSSL takes a null key for "the key of last time": an empty one must still point somewhere.
    static constexpr std::uint8_t kNothing = 0;
    Sha1Mac mac{};
    unsigned int length = 0;
    const void* from = key.empty() ? &kNothing : key.data();
    // Fails only when OpenSSL has no SHA-1 at all, and then nothing that is signed here could be trusted.
    if (HMAC(EVP_sha1(), from, static_cast<int>(key.size()), message.data(), message.size(), mac.data(), &length) ==
            nullptr ||
        length != mac.size())
        std::abort();
    return mac;
}

}  // namespace antiphon::edge
