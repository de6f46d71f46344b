// RIFF/WAVE files: 16-bit PCM and 32-bit float in, 16-bit PCM out.
//
// pure, but for the two functions that touch files.
#pragma once

#include "audio/pcm.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace antiphon::audio {

/// Several channels are mixed down to one. Fails with `invalid` for anything that is no such file,
/// is cut short in its headers, or claims rates outside 8000..192000; a data chunk longer than the
/// file is taken as far as it goes.
base::Result<Pcm> decode_wav(std::span<const std::uint8_t> file);

std::vector<std::uint8_t> encode_wav(const Pcm& sound);
/// Several channels of equal length side by side (the shorter ones are padded with silence).
std::vector<std::uint8_t> encode_wav(std::span<const Pcm> channels);

base::Result<Pcm> read_wav(const std::filesystem::path& path);
base::Result<void> write_wav(const std::filesystem::path& path, std::span<const std::uint8_t> file);

}  // namespace antiphon::audio
