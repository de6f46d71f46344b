// What a Piper voice's JSON file says: how to turn phonemes into the numbers that the model takes.
//
// pure, but for read_voice_config(), which reads a file. The format is Piper's own (rhasspy/piper,
// "MODEL.onnx.json", written by piper_train's preprocess).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::piper {

struct VoiceConfig {
    int sample_rate = 0;
    std::string language;      ///< BCP 47, for example "en-US"
    std::string espeak_voice;  ///< for example "en-us"
    std::string dataset;       ///< the voice's short name, may be empty
    float noise_scale = 0.667F;
    float length_scale = 1.0F;
    float noise_w = 0.8F;
    std::int64_t speakers = 1;
    std::map<std::string, std::int64_t> speaker_ids;
    std::map<char32_t, std::vector<std::int64_t>> phoneme_ids;
    std::map<char32_t, std::u32string> phoneme_map;  ///< replacements made before the numbers; mostly empty
};

/// Fails with `invalid` and the member at fault; with `unsupported` for voices that take no espeak-ng
/// phonemes.
base::Result<VoiceConfig> parse_voice_config(std::string_view json);

/// The same from a file; `unavailable` if there is none.
base::Result<VoiceConfig> read_voice_config(const std::filesystem::path& path);

struct PhonemeIds {
    std::vector<std::int64_t> ids;
    std::size_t unknown = 0;  ///< phonemes that the voice has no number for; they are left out
};

/// ^ _ p _ p _ ... $: begin, a pad after each number, end (piper-phonemize, phonemes_to_ids).
PhonemeIds to_ids(std::u32string_view phonemes, const VoiceConfig& config);

}  // namespace antiphon::engine::piper
