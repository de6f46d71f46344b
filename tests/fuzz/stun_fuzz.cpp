// libFuzzer's entry for STUN responses. The transaction is taken from where the input has its own, so that what lies
// behind the header is reached.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o stun_fuzz
//         tests/fuzz/stun_fuzz.cpp src/edge/{stun_message,hmac_sha1}.cpp src/base/error.cpp -lcrypto
//     ./stun_fuzz -max_len=2048 tests/fuzz/corpus/stun
#include "edge/stun_message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    edge::StunTransaction id{};
    if (size >= 20) std::copy_n(data + 8, id.size(), id.begin());
    const auto response = edge::read_stun_response({data, size}, id);
    if (!response) {
        if (response.error().text.empty() || response.error().code != base::Errc::invalid) std::abort();
        return 0;
    }
    if (response->error < 0 || response->error > 799 || response->reason.size() > 128) std::abort();
    if (response->realm.size() > 763 || response->nonce.size() > 763) std::abort();
    for (const char c : response->reason)
        if (c < 0x20 || c > 0x7E) std::abort();
    // An answer to one request is never one to another.
    id[0] ^= 0x80U;
    if (edge::read_stun_response({data, size}, id)) std::abort();
    return 0;
}
