// libFuzzer's entry for candidate lines. What comes out must be writable, and read back the same; what the gate lets out
// of one list of candidates must be candidates too.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o candidate_fuzz
//         tests/fuzz/candidate_fuzz.cpp src/edge/sdp_*.cpp src/base/{error,utf8}.cpp
//     ./candidate_fuzz -max_len=4096 -dict=tests/fuzz/sdp.dict tests/fuzz/corpus/candidate
#include "edge/sdp_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto candidate = edge::read_candidate(line);
    if (!candidate) {
        if (candidate.error().text.empty() || candidate.error().text.find_first_of("\r\n") != std::string::npos) std::abort();
        return 0;
    }
    const auto again = edge::read_candidate(edge::write_candidate(*candidate));
    if (!again || !(*again == *candidate) || candidate->port == 0 || candidate->priority == 0) std::abort();
    for (const char* address : {"", "198.51.100.7", "2001:db8::7", candidate->address.c_str()})
        for (const bool only : {false, true}) {
            const auto all = edge::advertised({*candidate, {"9", 1, "127.0.0.1", 9, "host"}}, address, only);
            if (all.empty()) std::abort();
            for (const auto& one : all)
                if (!edge::read_candidate(edge::write_candidate(one))) std::abort();
        }
    return 0;
}
