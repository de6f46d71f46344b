// A Piper voice: VITS by ONNX Runtime on the CPU, on espeak-ng's phonemes.
//
// thread-safe. Weights are loaded once; any number of threads may speak at the same time, and share the
// session's compute threads. Source of the method: rhasspy/piper and piper-phonemize.
#pragma once

#include "engine/synthesizer.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace antiphon::engine::piper {

struct PiperSettings {
    std::filesystem::path model;            ///< the voice's .onnx file
    std::filesystem::path config;           ///< empty: the model's path and ".json"
    int threads = 2;                        ///< of one run, 1 to 64; they sleep between runs
    std::size_t max_characters = 4000;      ///< code points of one utterance
    float loudness_dbfs = -20.0F;           ///< of the voiced parts, -40 to -10; see clause_sound.hpp
    std::optional<float> noise_scale = {};  ///< instead of the voice's own; with both at 0 the same text
    std::optional<float> noise_w = {};      ///< gives the same sound each time
};

class PiperSynthesizer final : public Synthesizer {
public:
    /// Loads the voice and speaks a sound with it, so that a model that does not work shows here. Fails
    /// with
    ///   unavailable  no such model or settings file, or espeak-ng's data files are missing
    ///   invalid      a setting out of range, or a settings file that is none
    ///   unsupported  espeak-ng lacks the language, or the voice takes other phonemes
    ///   engine       the model is damaged or of another kind
    static base::Result<std::unique_ptr<PiperSynthesizer>> open(const PiperSettings& settings);

    ~PiperSynthesizer() override;

    /// As the contract says. The sink gets one chunk per run of the model: a sentence, or a part of a
    /// long one (pieces.hpp). Each chunk ends with the pause that its punctuation asks for, divided by the
    /// speed: . ! ? 150 ms, ; : 120 ms, a comma 90 ms, none 40 ms. A stop request ends a run between two
    /// of the model's operators.
    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override;

    int sample_rate() const noexcept override;

    /// BCP 47, for example "en-US". It serves every request whose first subtag is the same.
    const std::string& language() const noexcept;

    /// What Utterance::voice may name besides "": the file's and data set's names for a voice of one
    /// speaker, the speakers' names otherwise.
    std::vector<std::string> voices() const override;

    /// Phonemes left out so far because the voice does not know them.
    std::size_t unknown_phonemes() const noexcept;

private:
    struct Voice;

    explicit PiperSynthesizer(std::unique_ptr<Voice> voice);

    std::unique_ptr<Voice> voice_;
};

}  // namespace antiphon::engine::piper
