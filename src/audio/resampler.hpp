// Changes the sample rate of one continuous stream (libswresample).
//
// strand: one owner, one stream. Its delay is constant and below 10 ms; equal rates pass through.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct SwrContext;

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
    struct Close { void operator()(SwrContext* state) const; };

    std::vector<float> convert(const float* samples, std::size_t count);

    Resampler(int from_rate, int to_rate) : from_rate_(from_rate), to_rate_(to_rate) {}

    int from_rate_;
    int to_rate_;
    std::int64_t taken_ = 0;  ///< samples of this stream, and made of them
    std::int64_t given_ = 0;
    std::unique_ptr<SwrContext, Close> state_;  ///< empty when the rates are equal
};

/// A whole sound at once, without the stream's delay.
base::Result<std::vector<float>> resample(std::span<const float> samples, int from_rate, int to_rate);

}  // namespace antiphon::audio
