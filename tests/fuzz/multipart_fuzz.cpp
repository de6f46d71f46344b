// libFuzzer's entry for multipart bodies. The first line is the Content-Type, the rest the body. Every part that
// comes out must lie within the body.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o multipart_fuzz
//         tests/fuzz/multipart_fuzz.cpp src/edge/multipart.cpp src/base/{error,utf8}.cpp
//     ./multipart_fuzz -max_len=65536 tests/fuzz/corpus/multipart
#include "base/utf8.hpp"
#include "edge/multipart.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = input.find('\n');
    const auto type = input.substr(0, line);
    const auto body = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
    const auto parts = edge::parse_multipart(type, body);
    if (!parts) {
        if (parts.error().text.empty() || !base::is_utf8(parts.error().text)) std::abort();
        return 0;
    }
    if (parts->size() > edge::kMaxParts) std::abort();
    const char* last = body.data();
    for (const auto& part : *parts) {
        const bool within = part.content.data() >= last && part.content.data() + part.content.size() <= body.data() + body.size();
        if (!within || !base::is_utf8(part.name) || !base::is_utf8(part.filename)) std::abort();
        last = part.content.data() + part.content.size();
    }
    return 0;
}
