#include "edge/tls_pin.hpp"

#include "base/base64.hpp"

#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>

namespace antiphon::edge {

std::string public_key_pin(const X509& certificate) {
    unsigned char* encoded = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &encoded);
    if (length <= 0) return {};
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(encoded, static_cast<std::size_t>(length), digest.data());
    OPENSSL_free(encoded);
    return "sha256//" + base::base64_encode(digest);
}

}  // namespace antiphon::edge
