// Tells languages apart with a multilingual Whisper: one run of the encoder and one step of the decoder, whose first
// choice is the language's mark.
//
// Shares the weights of a recognizer, and has one state of its own, so that it neither takes a recognition's place nor
// waits for one. Its thread works in the background and uses one core.
#pragma once

#include "engine/language_detector.hpp"

#include <memory>

namespace antiphon::engine::whisper {

class Model;
class StatePool;

class WhisperLanguageDetector final : public LanguageDetector {
public:
    /// Fails with
    ///   unsupported  the model knows one language
    ///   engine       no memory for the state
    static base::Result<std::unique_ptr<WhisperLanguageDetector>> open(std::shared_ptr<const Model> model);

    ~WhisperLanguageDetector() override;

    /// As LanguageDetector says. The stop is answered at once; what the encoder was doing runs on to its own end and
    /// keeps the state busy until then.
    base::Result<std::vector<Finding>> detect(std::span<const float> samples_16khz, std::stop_token stop) override;

    std::vector<std::string> languages() const override;
    base::Duration min_duration() const noexcept override;
    base::Duration max_duration() const noexcept override;
    std::size_t parallel() const noexcept override;

private:
    WhisperLanguageDetector(std::shared_ptr<const Model> model, std::unique_ptr<StatePool> states);

    std::shared_ptr<const Model> model_;
    std::unique_ptr<StatePool> states_;  ///< its threads use the model: goes first
};

}  // namespace antiphon::engine::whisper
