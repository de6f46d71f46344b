// A fake LanguageDetector that finds what the test tells it, not what is in the sound.
//
// thread-safe. It still tells speech from silence and steady noise (by how far the level of the sound moves), so that it
// keeps the whole contract.
#pragma once

#include "audio/pcm.hpp"
#include "engine/language_detector.hpp"
#include "fakes/speech_like.hpp"

#include <condition_variable>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::fakes {

class FakeLanguageDetector final : public engine::LanguageDetector {
public:
    explicit FakeLanguageDetector(std::vector<Finding> finds = {{"en", 0.9F}, {"de", 0.05F}}) : finds_(std::move(finds)) {}

    base::Result<std::vector<Finding>> detect(std::span<const float> samples, std::stop_token stop) override {
        if (samples.size() < audio::samples_in(min_duration(), kRate))
            return base::error(base::Errc::invalid, "the sound is too short", "sound");
        if (!audio::all_finite(samples)) return base::error(base::Errc::invalid, "the sound is not finite", "sound");
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [this] { return !holding_; });
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the detection was stopped");
        if (!sounds_like_speech(samples)) return std::vector<Finding>{};
        return finds_;
    }

    std::vector<std::string> languages() const override { return {"de", "en", "es"}; }
    base::Duration min_duration() const noexcept override { return base::milliseconds(100); }
    base::Duration max_duration() const noexcept override { return std::chrono::seconds(8); }
    std::size_t parallel() const noexcept override { return 4; }

    /// From here on every call waits for its stop.
    void hold() {
        const std::lock_guard lock(mutex_);
        holding_ = true;
    }

private:
    static constexpr int kRate = 16000;

    const std::vector<Finding> finds_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool holding_ = false;
};

}  // namespace antiphon::fakes
