#include "engine/whisper/whisper_recognizer.hpp"

#include "base/log.hpp"
#include "engine/whisper/language.hpp"
#include "engine/whisper/model.hpp"
#include "engine/whisper/recognition.hpp"
#include "engine/whisper/sound_check.hpp"
#include "engine/whisper/state_pool.hpp"
#include "engine/whisper/transcript_text.hpp"
#include "engine/whisper/verdict.hpp"
#include "engine/whisper/whisper_language_detector.hpp"
#include "engine/whisper/window.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

namespace antiphon::engine::whisper {
namespace {

constexpr std::chrono::seconds kLongestSound{30};

base::Result<void> check(const audio::Pcm& sound) {
    const auto refuse = [](std::string why) { return base::error(base::Errc::invalid, std::move(why), "sound"); };
    if (sound.sample_rate != kSampleRate)
        return refuse("the sound has " + std::to_string(sound.sample_rate) + " samples per second, not 16000");
    if (sound.samples.size() < 2) return refuse("the sound is shorter than two samples");
    if (sound.samples.size() > audio::samples_in(kLongestSound, kSampleRate))
        return refuse("the sound is longer than 30 seconds");
    if (!audio::all_finite(sound.samples)) return refuse("the sound holds samples that are not finite numbers");
    return {};
}

/// One utterance on its way through a state: owns all that the state's thread touches.
struct Errand {
    std::vector<float> samples;
    Listening listening;
    std::stop_token stop;
    base::Result<Heard> heard = base::error(base::Errc::engine, "the recognition did not run");
    std::string words;  ///< empty: nobody spoke

    void run(const Model& model, whisper_state& state) {
        try {
            Verdict verdict = listen(model, state);
            if (verdict == Verdict::unsure) {
                listening.window = kFullWindow;
                verdict = listen(model, state);
            }
            if (verdict == Verdict::nobody) words.clear();
        } catch (const std::exception& failure) {
            heard = base::error(base::Errc::engine, std::string("Whisper failed: ") + failure.what());
        }
    }

private:
    Verdict listen(const Model& model, whisper_state& state) {
        heard = hear(model, state, samples, listening, stop);
        if (!heard) return Verdict::nobody;
        words = spoken_words(heard->text);
        base::log::debug("recognizer.heard", {{"window", listening.window}, {"tokens", heard->tokens},
                                              {"no_speech", heard->no_speech},
                                              {"log_probability", heard->mean_log_probability}});
        return judge(*heard, words, listening.window == kFullWindow);
    }
};

}  // namespace

WhisperRecognizer::WhisperRecognizer(const WhisperSettings& settings, std::shared_ptr<const Model> model,
                                     std::unique_ptr<StatePool> states)
    : settings_(settings), model_(std::move(model)), states_(std::move(states)) {}

WhisperRecognizer::~WhisperRecognizer() = default;

base::Result<std::unique_ptr<WhisperRecognizer>> WhisperRecognizer::open(const WhisperSettings& settings) {
    if (settings.threads < 1 || settings.threads > 64)
        return base::error(base::Errc::invalid, "a recognition runs on 1 to 64 threads", "threads");
    if (settings.states < 1 || settings.states > 64)
        return base::error(base::Errc::invalid, "a recognizer has 1 to 64 states", "states");
    auto model = Model::open(settings.model, settings.use_gpu);
    if (!model) return model.error();
    std::vector<State> states;
    for (std::size_t i = 0; i < settings.states; ++i) {
        auto state = (*model)->new_state();
        if (!state) return state.error();
        states.push_back(std::move(*state));
    }
    auto pool = std::make_unique<StatePool>(std::move(states));
    return std::unique_ptr<WhisperRecognizer>(new WhisperRecognizer(settings, std::move(*model), std::move(pool)));
}

std::vector<WhisperRecognizer::Language> WhisperRecognizer::languages() const {
    std::vector<Language> known;
    for (int id = 0; id < model_->languages(); ++id)
        known.push_back({bcp47_language(whisper_lang_str(id)), english_name(whisper_lang_str_full(id))});
    std::sort(known.begin(), known.end(), [](const Language& a, const Language& b) { return a.name < b.name; });
    return known;
}

base::Result<std::unique_ptr<LanguageDetector>> WhisperRecognizer::language_detector() const {
    auto detector = WhisperLanguageDetector::open(model_);
    if (!detector) return detector.error();
    return std::unique_ptr<LanguageDetector>(std::move(*detector));
}

base::Result<int> WhisperRecognizer::language_id(const std::string& language) const {
    if (language.empty()) return model_->multilingual() ? -1 : 0;
    const std::string code = whisper_language(language);
    // whisper.cpp also takes full English names ("german"), which are no BCP 47.
    const int id = code.size() <= 3 ? whisper_lang_id(code.c_str()) : -1;
    if (id < 0 || id >= model_->languages())
        return base::error(base::Errc::unsupported, "the recognizer's model does not know the language " + language, "language");
    return id;
}

base::Result<Transcript> WhisperRecognizer::transcribe(const RecognitionRequest& request, std::stop_token stop) {
    if (const auto good = check(request.sound); !good) return good.error();
    const auto language = language_id(request.language);
    if (!language) return language.error();
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the recognition was stopped");

    Transcript transcript;
    transcript.language = request.language;
    const SoundCheck sound = check_sound(request.sound.samples);
    if (!can_hold_speech(sound)) return transcript;

    const std::size_t length = request.sound.samples.size();
    const auto errand = std::make_shared<Errand>();
    errand->samples = prepared_sound(request.sound.samples, sound);
    errand->stop = stop;
    errand->listening = {*language, model_->tokens_of(request.hint), settings_.cut_window ? cut_window(length) : kFullWindow,
                         token_budget(length), settings_.threads};
    const auto ran = states_->run([errand, this](whisper_state& state) { errand->run(*model_, state); }, stop);
    if (!ran) return ran.error();
    if (!errand->heard) return errand->heard.error();

    if (errand->words.empty()) return transcript;
    transcript.text = std::move(errand->words);
    if (transcript.language.empty()) transcript.language = bcp47_language(whisper_lang_str(errand->heard->language));
    transcript.confidence = errand->heard->mean_probability;
    return transcript;
}

base::Duration WhisperRecognizer::max_duration() const noexcept { return kLongestSound; }

std::size_t WhisperRecognizer::parallel() const noexcept { return states_->size(); }

}  // namespace antiphon::engine::whisper
