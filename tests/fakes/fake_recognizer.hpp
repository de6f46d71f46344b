// A fake Recognizer that hears what the test tells it, not what is in the sound.
//
// thread-safe. Without a script it still tells speech from silence and steady noise (by how far the level
// of the sound moves), so that it keeps the whole contract.
#pragma once

#include "audio/pcm.hpp"
#include "engine/recognizer.hpp"
#include "fakes/speech_like.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::fakes {

struct FakeHearing {
    std::string text = "hello there";  ///< what it hears in speech when no answer is scripted
    std::string language = "en";       ///< what it finds when none is asked for
    std::vector<std::string> languages{"en", "de", "sv", "pt"};  ///< first subtags that it knows
    base::Duration max_duration = std::chrono::seconds(30);
    std::size_t parallel = 4;
};

class FakeRecognizer final : public engine::Recognizer {
public:
    explicit FakeRecognizer(FakeHearing hearing = {}) : hearing_(std::move(hearing)) {}

    base::Result<engine::Transcript> transcribe(const engine::RecognitionRequest& request, std::stop_token stop) override {
        {
            const std::lock_guard lock(mutex_);
            ++started_;
            sounds_.push_back(request.sound.duration());
        }
        auto result = hear(request, stop);
        {
            const std::lock_guard lock(mutex_);
            if (result) ++finished_;
            else if (result.error().code == base::Errc::cancelled) ++cancelled_;
        }
        changed_.notify_all();
        return result;
    }

    base::Duration max_duration() const noexcept override { return hearing_.max_duration; }
    std::size_t parallel() const noexcept override { return hearing_.parallel; }

    /// The next call without an answer of its own gets this text, whatever its sound; several queue up.
    void answer_with(std::string text, float confidence = 0.9F) {
        const std::lock_guard lock(mutex_);
        script_.emplace_back(engine::Transcript{std::move(text), hearing_.language, confidence});
    }
    /// In the same queue: a call that fails.
    void fail_with(base::Error failure) {
        const std::lock_guard lock(mutex_);
        script_.emplace_back(std::move(failure));
    }

    /// From here on calls wait until release() or their stop request. Only for tests whose transcribe()
    /// runs on a thread of its own.
    void hold() {
        const std::lock_guard lock(mutex_);
        holding_ = true;
    }
    void release() {
        {
            const std::lock_guard lock(mutex_);
            holding_ = false;
        }
        changed_.notify_all();
    }
    /// Returns once that many calls are held.
    void wait_until_held(std::size_t calls = 1) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_ >= calls; });
    }

    std::size_t started() const { return counted(started_); }
    std::size_t finished() const { return counted(finished_); }
    std::size_t cancelled() const { return counted(cancelled_); }
    /// How long the sounds were, in the order the calls began, refused ones too.
    std::vector<base::Duration> sounds() const {
        const std::lock_guard lock(mutex_);
        return sounds_;
    }

private:
    base::Result<engine::Transcript> hear(const engine::RecognitionRequest& request, const std::stop_token& stop) {
        const auto refuse = [](const char* why) { return base::error(base::Errc::invalid, why, "sound"); };
        if (request.sound.sample_rate != 16000) return refuse("the sound is not 16 kHz");
        if (request.sound.samples.size() < 2) return refuse("the sound is too short");
        if (request.sound.duration() > hearing_.max_duration) return refuse("the sound is too long");
        if (!audio::all_finite(request.sound.samples)) return refuse("the sound is not finite");
        const std::string subtag = request.language.substr(0, request.language.find('-'));
        if (!request.language.empty() && std::find(hearing_.languages.begin(), hearing_.languages.end(), subtag) == hearing_.languages.end())
            return base::error(base::Errc::unsupported, "no such language: " + request.language, "language");

        std::unique_lock lock(mutex_);
        if (holding_) {
            ++held_;
            changed_.notify_all();
            changed_.wait(lock, stop, [&] { return !holding_; });
            --held_;
        }
        // A stopped call takes no answer out of the script.
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the recognition was stopped");
        engine::Transcript transcript{"", request.language, 0.0F};
        if (!script_.empty()) {
            auto answer = std::move(script_.front());
            script_.pop_front();
            if (!answer) return answer.error();
            transcript = std::move(*answer);
        } else if (sounds_like_speech(request.sound.samples)) {
            transcript = {hearing_.text, hearing_.language, 0.9F};
        }
        if (!request.language.empty()) transcript.language = request.language;
        return transcript;
    }

    std::size_t counted(const std::size_t& counter) const {
        const std::lock_guard lock(mutex_);
        return counter;
    }

    const FakeHearing hearing_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<base::Result<engine::Transcript>> script_;
    std::vector<base::Duration> sounds_;
    bool holding_ = false;
    std::size_t held_ = 0;
    std::size_t started_ = 0;
    std::size_t finished_ = 0;
    std::size_t cancelled_ = 0;
};

}  // namespace antiphon::fakes
