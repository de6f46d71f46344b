// Recordings of any usual kind in, samples out (FFmpeg's libavformat, libavcodec and libswresample).
//
// thread-safe; blocks for as long as the decoding takes, so it runs on a worker. The file is read from memory
// only: nothing that it names is opened. Containers: WAV, MP3, Ogg, WebM/Matroska, MP4/M4A, FLAC, ADTS; codecs:
// PCM (also A-law and mu-law), MP3, Opus, Vorbis, AAC, ALAC, FLAC. The kind is found from the bytes.
#pragma once

#include "audio/pcm.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <stop_token>

namespace antiphon::audio {

/// The first audio track, mixed down to one channel, at `sample_rate`. A file that is cut short or damaged is
/// taken as far as it can be decoded. Fails with
///   invalid    none of these kinds, no audio track, not one sample, longer than `longest`, or samples that are
///              not finite numbers
///   cancelled  `stop` was requested; looked at for each packet
base::Result<Pcm> decode_sound(std::span<const std::uint8_t> file, int sample_rate, base::Duration longest,
                               const std::stop_token& stop);

}  // namespace antiphon::audio
