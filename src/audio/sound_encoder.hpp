// Sound as it is made in, a file of a usual kind out, piece by piece (FFmpeg; PCM and WAV by hand).
//
// strand: one owner, one file. Nothing is known of the length beforehand: a WAV's header claims the largest one,
// as players of streams expect, and the other kinds need none.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::audio {

enum class SoundFormat { pcm, wav, mp3, opus, aac, flac };

/// "pcm", "wav", "mp3", "opus" (in Ogg), "aac" (ADTS), "flac"; none for another name.
std::optional<SoundFormat> sound_format(std::string_view name);

/// For a Content-Type header. PCM is 16-bit signed little-endian, one channel.
std::string_view media_type(SoundFormat format);

class SoundEncoder {
public:
    virtual ~SoundEncoder() = default;

    /// One channel at 8000, 12000, 16000, 24000 or 48000 samples per second. `invalid` for another rate,
    /// `unsupported` when FFmpeg was built without the encoder.
    static base::Result<std::unique_ptr<SoundEncoder>> open(SoundFormat format, int sample_rate);

    /// The bytes that are ready, which may be none; the rest stays inside. `engine` when the encoder failed.
    virtual base::Result<std::string> encode(std::span<const float> samples) = 0;

    /// What is still inside, and the file's end. Nothing may be encoded afterwards.
    virtual base::Result<std::string> finish() = 0;
};

}  // namespace antiphon::audio
