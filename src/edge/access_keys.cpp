#include "edge/access_keys.hpp"

#include "base/hexadecimal.hpp"
#include "edge/credentials.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>

namespace antiphon::edge {

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

std::string in_hex(const KeyHash& hash) { return base::to_hex(hash); }

std::optional<KeyHash> hash_from_hex(std::string_view digits) {
    KeyHash hash{};
    if (digits.size() != 2 * hash.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const auto byte = base::byte_from_hex(digits.substr(2 * i, 2));
        if (!byte) return std::nullopt;
        hash[i] = *byte;
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
