// Says which language is spoken in a stretch of sound.
//
// A LanguageDetector is a loaded model, shared by every call. It blocks: run it on a WorkerPool, never on a
// call's strand. Backends live one folder below (whisper/, mms_lid/); the rest of the house sees only this
// header. What to make of a finding is the call's matter: listen/language_vote.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine {

class LanguageDetector {
public:
    struct Finding {
        std::string language;     ///< BCP 47, primary language only ("pt", never "pt-BR"; ISO 639-1 where there is one)
        float confidence = 0.0F;  ///< the model's probability, 0..1
    };

    virtual ~LanguageDetector() = default;

    /// Ranks what the sound may be in: at most ten findings, each language once, the likeliest first,
    /// confidences falling and together at most 1 (with a rounding error). A sound beyond max_duration() is
    /// looked at in its last part only. Empty when there can be no speech in it (silence, steady noise).
    /// Safe to call from several threads, returns within 50 ms of a stop request, and keeps no reference to
    /// the samples. Fails with
    ///   cancelled  `stop` was requested
    ///   invalid    shorter than min_duration(), or samples that are not finite: refused before the engine sees it
    ///   engine     the backend failed; the object stays usable
    virtual base::Result<std::vector<Finding>> detect(std::span<const float> samples_16khz, std::stop_token stop) = 0;

    /// Every language that a finding can name, sorted, each once.
    virtual std::vector<std::string> languages() const = 0;

    /// The shortest sound it takes.
    virtual base::Duration min_duration() const noexcept = 0;

    /// The longest stretch that one look takes in.
    virtual base::Duration max_duration() const noexcept = 0;

    /// How many detect() calls run at the same time; further ones wait inside.
    virtual std::size_t parallel() const noexcept = 0;
};

}  // namespace antiphon::engine
