#include "base/ids.hpp"

#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace antiphon::base {

std::string random_id(std::string_view prefix) {
    static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::array<unsigned char, 24> bytes{};
    // Without random numbers every secret of the process would be guessable: better to end.
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
    std::string id(prefix);
    for (const unsigned char byte : bytes) id += kDigits[byte % kDigits.size()];
    return id;
}

}  // namespace antiphon::base
