// Turns one utterance into words.
//
// A Recognizer is a loaded speech-to-text model, shared by every call. It blocks: run it on a
// WorkerPool, never on a call's strand. Backends live one folder below (whisper/); the rest of the
// house sees only this header.
#pragma once

#include "audio/pcm.hpp"
#include "base/result.hpp"

#include <stop_token>
#include <string>

namespace antiphon::engine {

struct RecognitionRequest {
    audio::Pcm sound;      ///< 16 kHz; from 2 samples to max_duration(); every sample finite
    std::string language;  ///< BCP 47; empty: the model finds out
    std::string hint;      ///< words likely to come up, may be empty
};

struct Transcript {
    std::string text;         ///< UTF-8, trimmed; empty when nobody said a word
    std::string language;     ///< BCP 47, of the request or as found
    float confidence = 0.0F;  ///< mean probability of the tokens, 0..1
};

class Recognizer {
public:
    virtual ~Recognizer() = default;

    /// Recognizes the sound. Safe to call from several threads, and returns within 50 ms of a stop
    /// request. Silence and noise give an empty text, never an invented one; noises that the model
    /// writes in brackets ("[MUSIC]", "(coughs)") are left out. Fails with
    ///   cancelled    `stop` was requested
    ///   invalid      wrong rate, too short, too long, not finite: refused before the engine sees it
    ///   unsupported  a language that the model does not know
    ///   engine       the backend failed; the object stays usable
    virtual base::Result<Transcript> transcribe(const RecognitionRequest& request, std::stop_token stop) = 0;

    /// The longest sound it takes in one piece.
    virtual base::Duration max_duration() const noexcept = 0;

    /// How many transcribe() calls run at the same time; further ones wait inside.
    virtual std::size_t parallel() const noexcept = 0;
};

}  // namespace antiphon::engine
