#include "engine/whisper/whisper_language_detector.hpp"

#include "audio/pcm.hpp"
#include "engine/language_tag.hpp"
#include "engine/whisper/language.hpp"
#include "engine/whisper/model.hpp"
#include "engine/whisper/recognition.hpp"
#include "engine/whisper/sound_check.hpp"
#include "engine/whisper/state_pool.hpp"
#include "engine/whisper/window.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

namespace antiphon::engine::whisper {
namespace {

/// Less is a syllable.
constexpr base::milliseconds kShortest{100};
/// More sound tells no more, and takes longer.
constexpr base::milliseconds kLongest{8'000};
/// The recognizer has the other cores.
constexpr int kThreads = 1;
constexpr std::size_t kMostFindings = 10;

/// The house's name for the language of Whisper's id. Marks that stand for one language ("no", "nn") have one name.
std::string language_of(int id) { return primary_language(bcp47_language(whisper_lang_str(id))); }

/// One look on its way through the state: owns all that the state's thread touches.
struct Look {
    std::vector<float> samples;
    Listening listening;
    std::stop_token stop;
    base::Result<std::vector<float>> probabilities = base::error(base::Errc::engine, "the detection did not run");

    void run(const Model& model, whisper_state& state) {
        try {
            probabilities = language_probabilities(model, state, samples, listening, stop);
        } catch (const std::exception& failure) {
            probabilities = base::error(base::Errc::engine, std::string("Whisper failed: ") + failure.what());
        }
    }
};

}  // namespace

WhisperLanguageDetector::WhisperLanguageDetector(std::shared_ptr<const Model> model, std::unique_ptr<StatePool> states)
    : model_(std::move(model)), states_(std::move(states)) {}

WhisperLanguageDetector::~WhisperLanguageDetector() = default;

base::Result<std::unique_ptr<WhisperLanguageDetector>> WhisperLanguageDetector::open(std::shared_ptr<const Model> model) {
    if (!model->multilingual()) return base::error(base::Errc::unsupported, "the Whisper model knows one language only");
    auto state = model->new_state();
    if (!state) return state.error();
    std::vector<State> states;
    states.push_back(std::move(*state));
    auto pool = std::make_unique<StatePool>(std::move(states), StatePool::Urgency::background);
    return std::unique_ptr<WhisperLanguageDetector>(new WhisperLanguageDetector(std::move(model), std::move(pool)));
}

base::Result<std::vector<LanguageDetector::Finding>> WhisperLanguageDetector::detect(std::span<const float> samples,
                                                                                     std::stop_token stop) {
    if (samples.size() < audio::samples_in(kShortest, kSampleRate))
        return base::error(base::Errc::invalid, "the sound is too short to tell its language", "sound");
    if (!audio::all_finite(samples))
        return base::error(base::Errc::invalid, "the sound holds samples that are not finite numbers", "sound");
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the detection was stopped");
    samples = samples.last(std::min(samples.size(), audio::samples_in(kLongest, kSampleRate)));
    const SoundCheck sound = check_sound(samples);
    if (!can_hold_speech(sound)) return std::vector<Finding>{};

    const auto look = std::make_shared<Look>();
    look->samples = prepared_sound(samples, sound);
    look->stop = stop;
    look->listening.window = cut_window(samples.size());
    look->listening.threads = kThreads;
    const auto ran = states_->run([look, model = model_](whisper_state& state) { look->run(*model, state); }, stop);
    if (!ran) return ran.error();
    if (!look->probabilities) return look->probabilities.error();

    std::map<std::string, float> sums;
    for (std::size_t id = 0; id < look->probabilities->size(); ++id)
        sums[language_of(static_cast<int>(id))] += (*look->probabilities)[id];
    std::vector<Finding> findings;
    for (const auto& [language, probability] : sums) findings.push_back({language, std::min(probability, 1.0F)});
    std::sort(findings.begin(), findings.end(),
              [](const Finding& a, const Finding& b) { return a.confidence > b.confidence; });
    findings.resize(std::min(findings.size(), kMostFindings));
    return findings;
}

std::vector<std::string> WhisperLanguageDetector::languages() const {
    std::vector<std::string> known;
    for (int id = 0; id < model_->languages(); ++id) known.push_back(language_of(id));
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    return known;
}

base::Duration WhisperLanguageDetector::min_duration() const noexcept { return kShortest; }

base::Duration WhisperLanguageDetector::max_duration() const noexcept { return kLongest; }

std::size_t WhisperLanguageDetector::parallel() const noexcept { return states_->size(); }

}  // namespace antiphon::engine::whisper
