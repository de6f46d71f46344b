// Engines that answer at once and remember nothing, for measuring the server around them.
//
// thread-safe. Unlike tests/fakes they keep no record of what they were asked, so that ten thousand calls leave
// nothing behind but what the server itself leaves.
#pragma once

#include "audio/pcm.hpp"
#include "engine/language_model.hpp"
#include "engine/recognizer.hpp"
#include "engine/synthesizer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::bench {

class InstantRecognizer final : public engine::Recognizer {
public:
    base::Result<engine::Transcript> transcribe(const engine::RecognitionRequest&, std::stop_token) override {
        return engine::Transcript{"please tell me the time", "en", 0.9F};
    }
    base::Duration max_duration() const noexcept override { return std::chrono::seconds(30); }
    std::size_t parallel() const noexcept override { return 64; }
};

class InstantLanguageModel final : public engine::LanguageModel {
public:
    /// One sentence, word by word: each goes over to the call by a post of its own, as a real model's tokens do.
    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        int words = 0;
        for (std::size_t at = 0; at < kAnswer.size(); ++words) {
            if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the answer was stopped");
            if (words == request.max_tokens) return engine::Generation{engine::FinishReason::length, 10, 0, words};
            const std::size_t end = std::min(kAnswer.find(' ', at + 1), kAnswer.size());
            sink({kAnswer.substr(at, end - at), std::nullopt, {}});
            at = end;
        }
        return engine::Generation{engine::FinishReason::stop, 10, 0, words};
    }
    void forget(engine::ConversationId) override {}
    std::size_t parallel() const noexcept override { return 64; }
    std::size_t context_tokens() const noexcept override { return 4096; }
    std::size_t count_tokens(std::string_view text) const override { return text.size() / 4 + 1; }

private:
    static constexpr std::string_view kAnswer = "It is a quarter past ten now.";
};

/// A tone of a fixed length for every utterance, in chunks of 100 ms that come at once one after the other.
class InstantSynthesizer final : public engine::Synthesizer {
public:
    explicit InstantSynthesizer(base::milliseconds length) : length_(length), chunk_(kRate / 10) {
        for (std::size_t i = 0; i < chunk_.size(); ++i)
            chunk_[i] = 0.2F * static_cast<float>(std::sin(2.0 * std::numbers::pi * 440.0 * static_cast<double>(i) / kRate));
    }

    base::Result<void> synthesize(const engine::Utterance&, const Sink& sink, std::stop_token stop) override {
        for (std::size_t left = audio::samples_in(length_, kRate); left > 0;) {
            if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the speech was stopped");
            const std::size_t count = std::min(left, chunk_.size());
            sink({{chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(count)}, kRate});
            left -= count;
        }
        return {};
    }
    std::vector<std::string> voices() const override { return {"tone"}; }
    int sample_rate() const noexcept override { return kRate; }

private:
    static constexpr int kRate = 22050;  // as Piper's voices: the resampler on the way out is part of the server
    const base::milliseconds length_;
    std::vector<float> chunk_;
};

}  // namespace antiphon::bench
