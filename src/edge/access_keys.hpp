// The keys by which servers and programs are let in.
//
// pure, but for make_access_key(), which is thread-safe. A key is "ak_" and 256 random bits. Kept is only its SHA-256:
// slow hashes such as Argon2 protect passwords, which can be guessed; of 2^256 keys nobody guesses one, however fast
// the hash is, and it is computed for every request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

using KeyHash = std::array<std::uint8_t, 32>;

/// A new key: "ak_" and 64 hexadecimal digits.
std::string make_access_key();

KeyHash hash_of_key(std::string_view key);

/// 64 lower-case digits, and back; none for what is not 64 hexadecimal digits.
std::string in_hex(const KeyHash& hash);
std::optional<KeyHash> hash_from_hex(std::string_view digits);

struct AccessKey {
    std::string name;  ///< whose it is: for lists, logs and limits
    KeyHash hash;
};

class AccessKeys {
public:
    AccessKeys() = default;
    explicit AccessKeys(std::vector<AccessKey> keys) : keys_(std::move(keys)) {}

    /// The name of the key whose text this is; none for one that is not kept. Every kept hash is compared, whole: the
    /// time it takes tells only how many there are.
    std::optional<std::string> name_of(std::string_view key) const;

    /// Whether there is a key of that name.
    bool knows(std::string_view name) const;

    std::size_t size() const { return keys_.size(); }

private:
    std::vector<AccessKey> keys_;
};

}  // namespace antiphon::edge
