// Turns one sentence into sound.
//
// A Synthesizer is a loaded voice model, shared by every call. It blocks: run it on
// a WorkerPool, never on a call's strand. Backends live one folder below (piper/,
// edge_tts/); the rest of the house sees only this header.
#pragma once

#include "audio/pcm.hpp"
#include "base/result.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine {

/// What to say, and how. The text is UTF-8 and already free of markup.
struct Utterance {
    std::string text;
    std::string language;  ///< BCP 47, for example "sv" or "pt-BR"; empty: the voice's own
    std::string voice;     ///< empty: the model's default; a name it does not know is `unsupported`
    float speed = 1.0F;    ///< 0.25 to 4; 2 is about twice as fast
};

class Synthesizer {
public:
    /// Takes sound as it is made, in order, never empty; chunks follow each other without a gap, the
    /// pauses of the punctuation inside. Runs on the thread that called synthesize(), so it only hands
    /// the chunk over (posts to a strand) and returns.
    using Sink = std::function<void(audio::Pcm chunk)>;

    virtual ~Synthesizer() = default;

    /// Speaks the utterance: without silence before it, at the same loudness as the one before. Text
    /// with nothing to say in it (white space, lone punctuation) succeeds without a chunk. Safe to call
    /// from several threads. Returns after the last chunk, or early with
    ///   cancelled    `stop` was requested, be it after the last chunk; the sink is not called again
    ///   invalid      no UTF-8, too long, or a speed out of range (`param` says which); no chunk was given
    ///   unsupported  no voice for this language or by this name; no chunk was given
    ///   engine       the backend failed; chunks already given stay good
    /// A request for a language is served by any voice of the same first subtag ("en-GB" by "en-US"). The
    /// object stays usable after each failure.
    virtual base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) = 0;

    /// The names that Utterance::voice may have; another is `unsupported`. Constant.
    virtual std::vector<std::string> voices() const = 0;

    /// Samples per second of every chunk; constant for the object's life.
    virtual int sample_rate() const noexcept = 0;
};

}  // namespace antiphon::engine
