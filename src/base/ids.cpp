#include "base/ids.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace antiphon::base {

std::string random_id(std::string_view prefix) {
    static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    constexpr std::size_t kLength = 24;
    // Bytes above the last whole multiple are dropped, or the first digits would be the likelier ones.
    constexpr std::size_t kFair = 256 / kDigits.size() * kDigits.size();
    const std::size_t length = prefix.size() + kLength;
    std::string id(prefix);
    while (id.size() < length) {
        std::array<unsigned char, kLength + 4> bytes{};
        // Without random numbers every secret of the process would be guessable: better to end.
        if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
        for (const unsigned char byte : bytes)
            if (byte < kFair && id.size() < length) id += kDigits[byte % kDigits.size()];
    }
    return id;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace antiphon::base
