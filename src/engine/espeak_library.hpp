// The one espeak-ng of the process, for whoever needs it: Piper's phonemes and the espeak voices.
//
// thread-safe: espeak-ng keeps everything in globals, so whoever uses it holds it alone, and only for as long as
// one clause takes (well under a millisecond for phonemes, a few for its sound).
#pragma once

#include "base/result.hpp"

#include <mutex>
#include <string>

namespace antiphon::engine {

/// espeak-ng, held. Every call into the library is made while one of these lives.
class HeldEspeak {
public:
    /// Waits until nobody else holds it; the first to come starts it. Fails with `unavailable` when espeak-ng's
    /// data files are missing.
    static base::Result<HeldEspeak> take();

    /// Makes the voice of that name the current one ("en-us"); false if there is none.
    bool use_voice(const std::string& voice);

    /// Samples per second of its sound.
    int sample_rate() const noexcept { return sample_rate_; }

private:
    HeldEspeak(std::unique_lock<std::mutex> lock, int sample_rate) : lock_(std::move(lock)), sample_rate_(sample_rate) {}

    std::unique_lock<std::mutex> lock_;
    int sample_rate_;
};

}  // namespace antiphon::engine
