#include "base/ids.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace antiphon::base {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kLength = 24;
constexpr std::size_t kSeriesLength = 14;

}  // namespace

std::string random_id(std::string_view prefix) {
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

IdSeries::IdSeries(std::string_view prefix) : id_(random_id(prefix)), counter_(prefix.size() + kSeriesLength) {
    id_.replace(counter_, id_.npos, kLength - kSeriesLength, kDigits.front());
}

std::string_view IdSeries::next() {
    for (std::size_t at = id_.size(); at > counter_; --at) {
        char& digit = id_[at - 1];
        if (digit != kDigits.back()) {
            digit = digit == '9' ? 'a' : static_cast<char>(digit + 1);
            break;
        }
        digit = kDigits.front();
    }
    return id_;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace antiphon::base
