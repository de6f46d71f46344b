// Speech to text with whisper.cpp (ggml files; multilingual or English-only models).
//
// One set of weights serves every call. Each transcribe() takes a state from a pool; the window of the
// encoder is cut to the utterance (window.hpp), a doubtful text is tried once more with the full one, and
// what nobody said is left out (sound_check.hpp, transcript_text.hpp, verdict.hpp).
#pragma once

#include "engine/language_detector.hpp"
#include "engine/recognizer.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace antiphon::engine::whisper {

class Model;
class StatePool;

struct WhisperSettings {
    std::filesystem::path model;
    int threads = 2;           ///< of one recognition, 1..64
    std::size_t states = 2;    ///< recognitions at the same time, 1..64; tens of megabytes each
    bool cut_window = true;    ///< false: the whole 30 s for every utterance, to compare with
    bool use_gpu = true;       ///< when the library was built for one and one is there
};

class WhisperRecognizer final : public Recognizer {
public:
    /// Loads the model. Fails with
    ///   unavailable  no such file, or not readable
    ///   invalid      a setting out of range
    ///   engine       damaged, or no whisper.cpp model; no memory for the states
    static base::Result<std::unique_ptr<WhisperRecognizer>> open(const WhisperSettings& settings);

    ~WhisperRecognizer() override;

    /// As Recognizer says. The stop is answered at once; what the encoder was doing for it runs on, at
    /// most to its own end, and keeps one state busy until then. An English-only model knows only "en".
    base::Result<Transcript> transcribe(const RecognitionRequest& request, std::stop_token stop) override;

    struct Language {
        std::string code;  ///< BCP 47
        std::string name;  ///< in English
    };
    /// What RecognitionRequest::language may be, by their names.
    std::vector<Language> languages() const;

    /// A detector of languages on the same weights, with a state of its own that works in the background: it runs beside
    /// the recognitions and gives way to them. Fails with
    ///   unsupported  the model knows one language
    ///   engine       no memory for its state
    base::Result<std::unique_ptr<LanguageDetector>> language_detector() const;

    base::Duration max_duration() const noexcept override;
    std::size_t parallel() const noexcept override;

private:
    WhisperRecognizer(const WhisperSettings& settings, std::shared_ptr<const Model> model, std::unique_ptr<StatePool> states);

    base::Result<int> language_id(const std::string& language) const;

    WhisperSettings settings_;
    std::shared_ptr<const Model> model_;
    std::unique_ptr<StatePool> states_;  ///< its threads use the model: goes first
};

}  // namespace antiphon::engine::whisper
