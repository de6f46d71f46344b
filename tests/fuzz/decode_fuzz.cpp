// libFuzzer's entry for the events of a client. Whatever comes in, decode() must give an event or a refusal
// that can be sent back.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o decode_fuzz -lboost_json
//         tests/fuzz/decode_fuzz.cpp src/protocol/*.cpp src/base/{base64,error,utf8}.cpp
//     ./decode_fuzz -max_len=65536 tests/fuzz/corpus/decode
#include "base/utf8.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    const auto decoded = protocol::decode({reinterpret_cast<const char*>(data), size});
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        const bool complete = !refusal->code.empty() && !refusal->error.text.empty();
        const auto answer = protocol::encode(protocol::ErrorReport{"invalid_request_error", refusal->code, refusal->error.text,
                                                                   refusal->error.param, refusal->event_id},
                                             "event_1");
        if (!complete || !base::is_utf8(answer) || answer.size() > 8192) std::abort();
    }
    return 0;
}
