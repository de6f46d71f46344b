// Changes the sample rate of one continuous stream: by libspeexdsp, or by a bank of our own where it is slow
// (audio/polyphase.hpp).
//
// strand: one owner, one stream. Its delay is constant and below 10 ms; equal rates pass through.
#pragma once

#include "audio/polyphase.hpp"
#include "base/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

struct SpeexResamplerState_;

namespace antiphon::audio {

class Resampler {
public:
    /// Rates from 8000 to 192000; others answer `invalid`.
    static base::Result<Resampler> open(int from_rate, int to_rate);

    /// The samples that are ready, which may be none; the rest stays inside for the next call.
    std::vector<float> process(std::span<const float> samples);

    /// What is still inside; the stream ends here and a new one may begin.
    std::vector<float> flush();

private:
    struct Close { void operator()(SpeexResamplerState_* state) const; };

    Resampler(int from_rate, int to_rate) : from_rate_(from_rate), to_rate_(to_rate) {}

    int from_rate_;
    int to_rate_;
    // At most one of them: none when the rates are equal.
    std::unique_ptr<SpeexResamplerState_, Close> state_;
    std::optional<Polyphase> bank_;
};

/// A whole sound at once, without the stream's delay.
base::Result<std::vector<float>> resample(std::span<const float> samples, int from_rate, int to_rate);

}  // namespace antiphon::audio
