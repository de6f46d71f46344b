// A fake VoiceDetector: whatever is loud is speech.
//
// Windows of 512 samples, as Silero's. It remembers nothing, so reset() has nothing to do.
#pragma once

#include "audio/pcm.hpp"
#include "engine/voice_detector.hpp"

#include <memory>
#include <span>

namespace antiphon::fakes {

class FakeVoiceDetector final : public engine::VoiceDetector {
public:
    static constexpr float kSpeech = 0.95F;
    static constexpr float kSilence = 0.02F;

    /// Windows above the level are speech.
    explicit FakeVoiceDetector(float threshold_dbfs = -40.0F) : threshold_dbfs_(threshold_dbfs) {}

    std::unique_ptr<engine::VoiceStream> start() override { return std::make_unique<Stream>(threshold_dbfs_); }
    std::size_t window() const noexcept override { return kWindow; }

private:
    static constexpr std::size_t kWindow = 512;

    class Stream final : public engine::VoiceStream {
    public:
        explicit Stream(float threshold_dbfs) : threshold_dbfs_(threshold_dbfs) {}

        base::Result<float> push(std::span<const float> window) override {
            if (window.size() != kWindow) return base::error(base::Errc::invalid, "a window has 512 samples");
            if (!audio::all_finite(window)) return base::error(base::Errc::invalid, "the window is not finite");
            return audio::level_dbfs(window) > threshold_dbfs_ ? kSpeech : kSilence;
        }
        void reset() override {}

    private:
        float threshold_dbfs_;
    };

    float threshold_dbfs_;
};

}  // namespace antiphon::fakes
