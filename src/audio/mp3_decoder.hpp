// An MP3 as it comes in, samples out (FFmpeg's libavcodec). A recording that is there as a whole is
// decoded_sound.hpp's.
//
// strand: one owner, one stream. The encoder's delay (some 50 ms of silence at the start) is not cut off.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace antiphon::audio {

class Mp3Decoder {
public:
    /// For a stream of one or two channels at `sample_rate`. `unsupported` when FFmpeg was built without the decoder.
    static base::Result<Mp3Decoder> open(int sample_rate);

    Mp3Decoder(Mp3Decoder&&) noexcept;
    Mp3Decoder& operator=(Mp3Decoder&&) noexcept;
    ~Mp3Decoder();

    /// The samples that are ready, which may be none: frames may be cut anywhere between two calls. Damaged frames
    /// are passed over. `invalid` for another rate than the one that was opened for.
    base::Result<std::vector<float>> process(std::span<const std::uint8_t> bytes);

    /// What is still inside; the stream ends here.
    base::Result<std::vector<float>> finish();

private:
    struct State;

    explicit Mp3Decoder(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace antiphon::audio
