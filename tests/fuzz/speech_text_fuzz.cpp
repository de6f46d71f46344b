// libFuzzer's entry for the text of answers on its way to be spoken. The first byte chooses the language;
// whatever follows, what is to be said must be well-formed, bounded, in one line, and free of markup.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o speech_text_fuzz
//         tests/fuzz/speech_text_fuzz.cpp src/speak/*text*.cpp src/base/utf8.cpp
//     ./speech_text_fuzz -max_len=4096 tests/fuzz/corpus/speech_text
#include "base/utf8.hpp"
#include "speak/text_for_speech.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    if (size == 0) return 0;
    constexpr std::array<const char*, 5> kLanguages{"en", "en-GB", "de", "sv", "fr"};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string spoken = speak::text_for_speech(text, kLanguages[data[0] % kLanguages.size()]);
    const bool clean = std::none_of(spoken.begin(), spoken.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '*' || c == '`' || c == '#';
    });
    const bool bounded =
        base::code_points(spoken).size() <= speak::max_spoken_characters(base::code_points(text).size());
    const bool folded = spoken.find("  ") == std::string::npos && !spoken.ends_with(' ') && !spoken.starts_with(' ');
    if (!base::is_utf8(spoken) || !clean || !bounded || !folded) std::abort();
    return 0;
}
