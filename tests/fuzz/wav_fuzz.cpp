// libFuzzer's entry for WAV files. What comes out must be a sound of a usable rate, no larger than the file, that
// can be written and read again.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o wav_fuzz
//         tests/fuzz/wav_fuzz.cpp src/audio/{wav,pcm}.cpp src/base/error.cpp
//     ./wav_fuzz -max_len=65536 tests/fuzz/corpus/wav
#include "audio/wav.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace antiphon;
    const auto sound = audio::decode_wav({data, size});
    if (!sound) {
        if (sound.error().text.empty()) std::abort();
        return 0;
    }
    if (sound->sample_rate < 8000 || sound->sample_rate > 192'000 || sound->samples.size() * 2 > size) std::abort();
    const auto again = audio::decode_wav(audio::encode_wav(*sound));
    if (!again || again->samples.size() != sound->samples.size() || again->sample_rate != sound->sample_rate) std::abort();
    return 0;
}
