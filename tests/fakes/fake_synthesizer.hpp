// A voice that hums: a tone as long as the text, in chunks, under the test's control.
//
// thread-safe.
#pragma once

#include "audio/pcm.hpp"
#include "base/utf8.hpp"
#include "engine/synthesizer.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <numbers>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::fakes {

struct FakeVoice {
    int sample_rate = 24000;
    base::milliseconds per_character{60};  ///< at speed 1, of each code point that is no space or punctuation
    base::milliseconds chunk{200};         ///< the last one is shorter
    std::vector<std::string> languages{};  ///< first subtags that it speaks, for example "en"; empty: all
    std::size_t max_characters = 4000;
};

class FakeSynthesizer final : public engine::Synthesizer {
public:
    explicit FakeSynthesizer(FakeVoice voice = {}) : voice_(std::move(voice)) {}

    base::Result<void> synthesize(const engine::Utterance& utterance, const Sink& sink, std::stop_token stop) override {
        {
            const std::lock_guard lock(mutex_);
            ++calls_;
            texts_.push_back(utterance.text);
        }
        auto result = speak(utterance, sink, stop);
        const std::lock_guard lock(mutex_);
        if (result)
            ++finished_;
        else if (result.error().code == base::Errc::cancelled)
            ++cancelled_;
        return result;
    }

    std::vector<std::string> voices() const override { return {}; }
    int sample_rate() const noexcept override { return voice_.sample_rate; }

    /// Calls wait before the chunk of that number (0: the first) until release() or their stop request.
    /// Only for tests whose synthesize() runs on a thread of its own.
    void hold_before(std::size_t chunk) {
        const std::lock_guard lock(mutex_);
        hold_ = chunk;
    }
    void release() {
        {
            const std::lock_guard lock(mutex_);
            hold_.reset();
        }
        changed_.notify_all();
    }
    /// Returns once that many calls are held.
    void wait_until_held(std::size_t calls = 1) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_ >= calls; });
    }

    /// The next call that gets so far fails with `failure` before its chunk of that number.
    void fail_next(base::Error failure, std::size_t before_chunk = 0) {
        const std::lock_guard lock(mutex_);
        failure_ = std::pair{std::move(failure), before_chunk};
    }
    /// Runs on the calling thread before each chunk goes out, with its number: a test stops or times here.
    void before_chunk(std::function<void(std::size_t)> action) {
        const std::lock_guard lock(mutex_);
        action_ = std::move(action);
    }

    std::size_t calls() const { return counted(calls_); }
    std::size_t finished() const { return counted(finished_); }
    std::size_t cancelled() const { return counted(cancelled_); }
    std::size_t chunks() const { return counted(chunks_); }
    /// Of all calls, in the order they began, refused ones too.
    std::vector<std::string> texts() const {
        const std::lock_guard lock(mutex_);
        return texts_;
    }

    /// How long the text sounds at speed 1.
    base::Duration length_of(std::string_view text) const {
        const auto points = base::code_points(text);
        const auto spoken = std::count_if(points.begin(), points.end(), [](char32_t p) {
            const bool punctuation =
                (p >= 0x2000 && p <= 0x206F) || (p >= 0x3000 && p <= 0x303F) || (p >= 0xFF00 && p <= 0xFF0F);
            return (p >= 0xA0 && !punctuation) || (p >= U'0' && p <= U'9') || (p >= U'a' && p <= U'z') ||
                   (p >= U'A' && p <= U'Z');
        });
        return voice_.per_character * spoken;
    }

private:
    base::Result<void> speak(const engine::Utterance& utterance, const Sink& sink, std::stop_token stop) {
        const auto stopped = [] { return base::error(base::Errc::cancelled, "speaking was stopped"); };
        if (stop.stop_requested()) return stopped();
        if (!base::is_utf8(utterance.text)) return base::error(base::Errc::invalid, "the text is not UTF-8", "text");
        if (base::code_points(utterance.text).size() > voice_.max_characters)
            return base::error(base::Errc::invalid, "the text is too long", "text");
        if (!(utterance.speed >= 0.25F && utterance.speed <= 4.0F))
            return base::error(base::Errc::invalid, "the speed must be 0.25 to 4", "speed");
        const std::string subtag = utterance.language.substr(0, utterance.language.find('-'));
        if (!subtag.empty() && !voice_.languages.empty() &&
            std::find(voice_.languages.begin(), voice_.languages.end(), subtag) == voice_.languages.end())
            return base::error(base::Errc::unsupported, "no voice for " + utterance.language, "language");

        const double seconds = base::seconds(length_of(utterance.text)) / static_cast<double>(utterance.speed);
        const auto total = static_cast<std::size_t>(seconds * voice_.sample_rate);
        const std::size_t step = std::max<std::size_t>(1, audio::samples_in(voice_.chunk, voice_.sample_rate));
        for (std::size_t at = 0, number = 0; at < total; at += step, ++number) {
            if (auto ready = wait(number, stop); !ready) return ready;
            audio::Pcm chunk{tone(at, std::min(step, total - at)), voice_.sample_rate};
            if (stop.stop_requested()) return stopped();
            sink(std::move(chunk));
            const std::lock_guard lock(mutex_);
            ++chunks_;
        }
        if (stop.stop_requested()) return stopped();
        return {};
    }

    base::Result<void> wait(std::size_t number, const std::stop_token& stop) {
        std::function<void(std::size_t)> action;
        {
            std::unique_lock lock(mutex_);
            if (failure_ && failure_->second == number) return std::exchange(failure_, std::nullopt)->first;
            const auto free = [&] { return !hold_ || *hold_ != number; };
            if (!free()) {
                ++held_;
                changed_.notify_all();
                changed_.wait(lock, stop, free);
                --held_;
            }
            action = action_;
        }
        if (action) action(number);
        return {};
    }

    /// 220 Hz at -20 dBFS, without a step between chunks.
    std::vector<float> tone(std::size_t from, std::size_t count) const {
        std::vector<float> samples(count);
        for (std::size_t i = 0; i < count; ++i) {
            const double t = static_cast<double>(from + i + 1) / voice_.sample_rate;
            samples[i] = static_cast<float>(0.1414 * std::sin(2.0 * std::numbers::pi * 220.0 * t));
        }
        return samples;
    }

    std::size_t counted(const std::size_t& counter) const {
        const std::lock_guard lock(mutex_);
        return counter;
    }

    const FakeVoice voice_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<std::size_t> hold_;
    std::optional<std::pair<base::Error, std::size_t>> failure_;
    std::function<void(std::size_t)> action_;
    std::vector<std::string> texts_;
    std::size_t calls_ = 0;
    std::size_t finished_ = 0;
    std::size_t cancelled_ = 0;
    std::size_t chunks_ = 0;
    std::size_t held_ = 0;
};

}  // namespace antiphon::fakes
