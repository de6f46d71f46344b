// Says how likely it is that somebody speaks, window by window.
//
// A VoiceDetector is a loaded model, shared by every call; each call listens through a VoiceStream of
// its own. A window takes well below a millisecond, so a stream runs on the call's strand.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace antiphon::engine {

/// strand: one owner, one sound.
class VoiceStream {
public:
    virtual ~VoiceStream() = default;

    /// The probability of speech, 0..1, in the next window of exactly window() samples at 16 kHz.
    /// `invalid` for another size or samples that are not finite (the stream goes on as if the window
    /// had not come), `engine` when the backend failed.
    virtual base::Result<float> push(std::span<const float> window) = 0;

    /// Forgets what was heard.
    virtual void reset() = 0;
};

class VoiceDetector {
public:
    virtual ~VoiceDetector() = default;

    /// thread-safe. The stream keeps the model alive by itself: it may outlive the detector.
    virtual std::unique_ptr<VoiceStream> start() = 0;

    /// Samples of a window at 16 kHz, constant (Silero: 512, which is 32 ms).
    virtual std::size_t window() const noexcept = 0;
};

}  // namespace antiphon::engine
