#include "edge/access_keys.hpp"

#include "edge/credentials.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>

namespace antiphon::edge {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

int value_of(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

std::string make_access_key() {
    KeyHash random{};  // as many bits as its hash has
    // Without random numbers the key could be guessed: better to end.
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) std::abort();
    return std::string(kKeyPrefix) + in_hex(random);
}

KeyHash hash_of_key(std::string_view key) {
    KeyHash hash{};
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash.data());
    return hash;
}

std::string in_hex(const KeyHash& hash) {
    std::string text;
    text.reserve(2 * hash.size());
    for (const std::uint8_t byte : hash) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

std::optional<KeyHash> hash_from_hex(std::string_view digits) {
    KeyHash hash{};
    if (digits.size() != 2 * hash.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const int high = value_of(digits[2 * i]);
        const int low = value_of(digits[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        hash[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return hash;
}

std::optional<std::string> AccessKeys::name_of(std::string_view key) const {
    const KeyHash hash = hash_of_key(key);
    const AccessKey* found = nullptr;
    for (const AccessKey& one : keys_)
        if (CRYPTO_memcmp(one.hash.data(), hash.data(), hash.size()) == 0) found = &one;
    if (found == nullptr) return std::nullopt;
    return found->name;
}

bool AccessKeys::knows(std::string_view name) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](const AccessKey& one) { return one.name == name; });
}

}  // namespace antiphon::edge
