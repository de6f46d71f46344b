// The voices of espeak-ng: robotic, but in any language, offline, and a thousand times faster than real time.
//
// thread-safe. The process has one espeak-ng (espeak_library.hpp): utterances take turns at it, clause by clause.
#pragma once

#include "engine/espeak/espeak_voices.hpp"
#include "engine/synthesizer.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::espeak {

struct EspeakSettings {
    std::string language = "en-us";      ///< of utterances that name none
    std::vector<std::string> languages;  ///< BCP 47: no others are spoken; empty: all that are installed
    std::size_t max_characters = 4000;   ///< code points of one utterance
    float loudness_dbfs = -20.0F;        ///< of the voiced parts, -40 to -10; see clause_sound.hpp
};

class EspeakSynthesizer final : public Synthesizer {
public:
    struct NamedVoice {
        std::string name;      ///< "espeak-en-us"
        std::string language;  ///< as espeak-ng writes it: "en-us"
    };

    /// Fails with
    ///   unavailable  espeak-ng's data files are missing
    ///   unsupported  it does not speak one of the languages
    ///   invalid      a setting out of range
    static base::Result<std::unique_ptr<EspeakSynthesizer>> open(const EspeakSettings& settings);

    /// As the contract says. The sink gets one chunk per clause, with the pause after it that a Piper voice makes
    /// there. espeak-ng's slowest pace is 80 words a minute, a speed of about 0.46: slower ones sound like that.
    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override;

    std::vector<std::string> voices() const override;
    int sample_rate() const noexcept override { return sample_rate_; }

    const std::vector<NamedVoice>& named_voices() const noexcept { return named_; }

private:
    EspeakSynthesizer(EspeakSettings settings, int sample_rate, std::vector<InstalledVoice> installed,
                      std::vector<NamedVoice> named);

    base::Result<const InstalledVoice*> voice_of(const Utterance& utterance) const;
    base::Result<std::vector<float>> sound_of(const std::string& text, const InstalledVoice& voice, float speed,
                                              const std::stop_token& stop) const;

    EspeakSettings settings_;
    int sample_rate_;
    std::vector<InstalledVoice> installed_;
    std::vector<NamedVoice> named_;
};

}  // namespace antiphon::engine::espeak
