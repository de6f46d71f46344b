#include "app/engines.hpp"

#include "app/engine_warm_up.hpp"
#include "app/engine_workers.hpp"
#include "app/engines_embedder.hpp"
#include "app/engines_language_models.hpp"
#include "app/engines_languages.hpp"
#include "app/engines_voices.hpp"
#include "app/knowledge_folder.hpp"
#include "app/opened_engine.hpp"
#include "base/log.hpp"
#include "base/worker_share.hpp"
#include "engine/language_tag.hpp"
#include "engine/silero/silero_voice_detector.hpp"
#include "engine/whisper/whisper_recognizer.hpp"

#include <ggml-backend.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace antiphon::app {
namespace {

constexpr int kPlacesPerCore = 4;
constexpr int kMostPlaces = 32;

/// Threads and places where the settings leave them to us. Two at a time even on two cores: a recognition
/// that was given up runs on for a moment, and must not hold up the one that replaces it.
struct Shares {
    int recognizer_threads;
    int recognizer_parallel;
    int language_model_threads;
    int language_model_places;
    int synthesizer_threads;
    int synthesizer_parallel;
    int embedder_parallel;
};

int or_else(int setting, int chosen) { return setting > 0 ? setting : std::max(chosen, 1); }

Shares shares_of(const EngineSettings& settings, unsigned machine_cores) {
    const int cores = static_cast<int>(std::clamp(machine_cores, 1U, 64U));
    return {.recognizer_threads = or_else(settings.recognizer_threads, std::min(cores, 4)),
            .recognizer_parallel = or_else(settings.recognizer_parallel, std::clamp(cores / 4, 2, 16)),
            .language_model_threads = or_else(settings.language_model_threads, std::min(cores, 16)),
            .language_model_places =
                or_else(settings.language_model_places, std::clamp(cores * kPlacesPerCore, 4, kMostPlaces)),
            .synthesizer_threads = or_else(settings.synthesizer_threads, std::min(cores, 2)),
            .synthesizer_parallel = or_else(settings.synthesizer_parallel, std::clamp(cores / 2, 2, 16)),
            .embedder_parallel = std::clamp(cores / 2, 1, 8)};
}

edge::EngineOptions options_of(const std::vector<engine::whisper::WhisperRecognizer::Language>& languages,
                               const engine::VoiceChoice& voices, const std::string& language_model) {
    edge::EngineOptions options;
    for (const auto& language : languages) options.languages.push_back({language.code, language.name});
    for (const auto& voice : voices.named_voices()) options.voices.push_back({voice.name, voice.language});
    if (!options.voices.empty()) options.default_voice = options.voices.front().id;
    options.models = {language_model};
    return options;
}

/// Those that both know, by the recognizer's names.
std::vector<call::CallEngines::Language> languages_of(const engine::LanguageDetector& detector,
                                                      const std::vector<engine::whisper::WhisperRecognizer::Language>& known) {
    const auto told = detector.languages();
    std::vector<call::CallEngines::Language> both;
    for (const auto& language : known) {
        const std::string code = engine::primary_language(language.code);
        const auto has = [&](const auto& each) { return each.code == code; };
        if (std::find(told.begin(), told.end(), code) != told.end() && std::none_of(both.begin(), both.end(), has))
            both.push_back({code, language.name});
    }
    return both;
}

}  // namespace

Machine this_machine() {
    const bool gpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != nullptr ||
                     ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU) != nullptr;
    return {.cores = std::max(std::thread::hardware_concurrency(), 1U), .gpu = gpu};
}

/// In the order in which they are made; the pools go first, while what their jobs use is still there.
struct Engines::Loaded {
    std::unique_ptr<engine::silero::SileroVoiceDetector> voice_detector;
    std::unique_ptr<engine::VoiceChoice> synthesizer;
    std::unique_ptr<engine::whisper::WhisperRecognizer> recognizer;
    std::unique_ptr<engine::LanguageDetector> language_detector;  ///< null: nobody tells languages apart
    std::unique_ptr<engine::LanguageModelChain> language_model;
    OpenedEmbedder embedder;
    std::optional<store::KnowledgeShelf> shelf;  ///< none without an embedder, as is the rest of the documents
    std::optional<think::Knowledge> knowledge;
    std::optional<call::CallMetrics> metrics;
    std::optional<EngineWorkers> recognizer_workers;
    std::optional<EngineWorkers> language_workers;
    std::optional<EngineWorkers> language_model_workers;
    std::optional<EngineWorkers> synthesizer_workers;
    std::optional<EngineWorkers> knowledge_workers;
    std::optional<base::WorkerShare> recognizer_share;
    std::optional<base::WorkerShare> language_model_share;
    std::optional<base::WorkerShare> synthesizer_share;
    std::optional<call::CallEngines> engines;
    edge::EngineOptions options;
    std::optional<edge::EndpointEngines> endpoint_engines;
};

Engines::Engines(Loading loading, base::Metrics& metrics, LoadedHandler on_loaded)
    : loading_(std::move(loading)), metrics_(metrics), loaded_(std::make_unique<Loaded>()) {
    const bool on_gpu = loading_.machine.gpu && loading_.settings.device != "cpu";
    readiness_.device = on_gpu ? "cuda" : "cpu";
    thread_ = std::jthread([this, on_loaded = std::move(on_loaded)](std::stop_token stop) {
        auto result = load(stop);
        if (!result) {
            const std::scoped_lock lock(mutex_);
            readiness_.failure = result.error().text;
        }
        on_loaded(std::move(result));
    });
}

Engines::~Engines() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    close_workers();
}

edge::Readiness Engines::readiness() const {
    edge::Readiness readiness;
    {
        const std::scoped_lock lock(mutex_);
        readiness = readiness_;
    }
    if (published_.load() != nullptr)
        for (const auto& trouble : loaded_->language_model->troubles())
            readiness.degraded.push_back("the language model " + trouble.name + " cannot be used: " + trouble.reason);
    return readiness;
}

const call::CallEngines* Engines::engines() const { return published_; }

const edge::EngineOptions* Engines::options() const {
    return published_.load() == nullptr ? nullptr : &loaded_->options;
}

std::vector<LanguageModelState> Engines::language_models() const {
    std::vector<LanguageModelState> states;
    if (published_.load() == nullptr) return states;
    const auto troubles = loaded_->language_model->troubles();
    for (const std::string& name : loaded_->language_model->names()) {
        const auto is_it = [&](const auto& trouble) { return trouble.name == name; };
        states.push_back({name, std::none_of(troubles.begin(), troubles.end(), is_it)});
    }
    return states;
}

const edge::EndpointEngines* Engines::endpoint_engines() const {
    return published_.load() == nullptr ? nullptr : &*loaded_->endpoint_engines;
}

void Engines::close_workers() {
    if (published_.load() == nullptr) return;  // there are none, or the loading thread still makes them
    loaded_->recognizer_share->close();
    loaded_->language_model_share->close();
    loaded_->synthesizer_share->close();
    loaded_->recognizer_workers->close();
    if (loaded_->language_workers) loaded_->language_workers->close();
    loaded_->language_model_workers->close();
    loaded_->synthesizer_workers->close();
    if (loaded_->knowledge_workers) loaded_->knowledge_workers->close();
}

void Engines::mark(bool edge::Readiness::*part) {
    const std::scoped_lock lock(mutex_);
    readiness_.*part = true;
}

void Engines::open_language_detector(const audio::Pcm& sound, std::stop_token stop) {
    const std::string& wanted = loading_.settings.language_detector;
    if (wanted == "off") return;
    using Opened = base::Result<std::unique_ptr<engine::LanguageDetector>>;
    const auto use = [&](Opened detector) -> base::Result<void> {
        if (!detector) return detector.error();
        if (auto works = warm_up(**detector, sound, stop); !works) return works;
        loaded_->language_detector = std::move(*detector);
        mark(&edge::Readiness::lid_ready);
        return {};
    };
    const auto degrade = [&](const std::string& how, const base::Error& because) {
        const std::scoped_lock lock(mutex_);
        readiness_.degraded.push_back(how + because.text);
    };
    const auto folder = mms_lid_folder(wanted, loading_.settings.language_detector_model, loading_.models.directory);
    const int threads = shares_of(loading_.settings, loading_.machine.cores).recognizer_threads;
    const auto works = use(folder.empty() ? loaded_->recognizer->language_detector() : open_mms_lid(folder, threads));
    if (works) return;
    if (wanted == "auto" && !folder.empty() && !stop.stop_requested() && use(loaded_->recognizer->language_detector())) {
        base::log::warning("language.whisper_instead", {{"because", works.error().text}});
        return degrade("Whisper tells the languages of callers instead of MMS-LID: ", works.error());
    }
    base::log::warning("language.off", {{"because", works.error().text}});
    if (works.error().code == base::Errc::unsupported) return;  // the operator chose such a model
    degrade("the languages of callers cannot be told: ", works.error());
}

base::Result<void> Engines::load(std::stop_token stop) {
    const EngineSettings& settings = loading_.settings;
    const ModelChoice& models = loading_.models;
    const Shares shares = shares_of(settings, loading_.machine.cores);
    const bool on_gpu = readiness().device != "cpu";
    const auto stopped = base::error(base::Errc::cancelled, "loading was stopped");
    Loaded& to = *loaded_;
    engine::ModelStore store(models.directory);

    auto voice_detector = opened("voice_detector", models.voice_detector, store, stop,
                                 [&](const auto& file) { return engine::silero::SileroVoiceDetector::open(file); });
    if (!voice_detector) return voice_detector.error();
    to.voice_detector = std::move(*voice_detector);
    if (stop.stop_requested()) return stopped;

    auto synthesizer = open_voices(settings, models, shares.synthesizer_threads, store, stop);
    if (!synthesizer) return synthesizer.error();
    to.synthesizer = std::move(*synthesizer);
    const auto greeting = warm_up(*to.synthesizer, stop);
    if (!greeting) return greeting.error();
    mark(&edge::Readiness::tts_ready);
    if (stop.stop_requested()) return stopped;

    auto recognizer = opened("recognizer", models.recognizer, store, stop, [&](const auto& file) {
        engine::whisper::WhisperSettings whisper;
        whisper.model = file;
        whisper.threads = shares.recognizer_threads;
        whisper.states = static_cast<std::size_t>(shares.recognizer_parallel);
        whisper.cut_window = settings.recognizer_cut_window;
        whisper.use_gpu = on_gpu;
        return engine::whisper::WhisperRecognizer::open(whisper);
    });
    if (!recognizer) return recognizer.error();
    to.recognizer = std::move(*recognizer);
    if (auto warm = warm_up(*to.recognizer, *greeting, stop); !warm) return warm.error();
    mark(&edge::Readiness::whisper_ready);
    if (stop.stop_requested()) return stopped;
    open_language_detector(*greeting, stop);
    if (stop.stop_requested()) return stopped;

    auto language_model = open_language_models(
        loading_, {shares.language_model_threads, shares.language_model_places, on_gpu}, stop);
    if (!language_model) return language_model.error();
    to.language_model = std::move(*language_model);
    mark(&edge::Readiness::llm_ready);

    if (stop.stop_requested()) return stopped;
    auto embedder = open_embedder(loading_, shares.embedder_parallel, on_gpu, stop);
    if (!embedder) return embedder.error();
    to.embedder = std::move(*embedder);
    if (!to.embedder.embedder && models.no_embedder.empty() && !to.embedder.why_none.empty())
        base::log::warning("embeddings.off", {{"because", to.embedder.why_none}});

    const auto pool = [&](std::optional<EngineWorkers>& workers, const char* name, std::size_t parallel) {
        workers.emplace(name, parallel, parallel * static_cast<std::size_t>(settings.queue_per_worker), metrics_);
    };
    pool(to.recognizer_workers, "recognizer", to.recognizer->parallel());
    if (to.language_detector) pool(to.language_workers, "language", to.language_detector->parallel());
    pool(to.language_model_workers, "language-model", to.language_model->parallel());
    pool(to.synthesizer_workers, "synthesizer", static_cast<std::size_t>(shares.synthesizer_parallel));
    if (to.embedder.embedder) {
        pool(to.knowledge_workers, "knowledge", static_cast<std::size_t>(shares.embedder_parallel));
        to.shelf.emplace(knowledge_folder(settings));
        to.knowledge.emplace(think::Knowledge{*to.embedder.embedder, to.embedder.name, *to.shelf, *to.knowledge_workers});
    }
    // The endpoints' work may take half of each engine, so that it does not hold up the calls.
    const auto share = [&](std::optional<base::WorkerShare>& part, EngineWorkers& workers, std::size_t parallel) {
        const std::size_t at_once = std::max<std::size_t>(parallel / 2, 1);
        part.emplace(workers, at_once, at_once * static_cast<std::size_t>(settings.queue_per_worker));
    };
    share(to.recognizer_share, *to.recognizer_workers, to.recognizer->parallel());
    share(to.language_model_share, *to.language_model_workers, to.language_model->parallel());
    share(to.synthesizer_share, *to.synthesizer_workers, static_cast<std::size_t>(shares.synthesizer_parallel));
    to.metrics.emplace(metrics_);
    to.engines.emplace(call::CallEngines{*to.voice_detector, *to.recognizer, *to.language_model, *to.synthesizer,
                                         *to.recognizer_workers, *to.language_model_workers, *to.synthesizer_workers,
                                         *to.metrics, to.knowledge ? &*to.knowledge : nullptr});
    if (to.language_detector) {
        to.engines->language_detector = to.language_detector.get();
        to.engines->language_workers = &*to.language_workers;
        to.engines->languages = languages_of(*to.language_detector, to.recognizer->languages());
    }
    const std::string thinks = to.language_model->name();
    to.options = options_of(to.recognizer->languages(), *to.synthesizer, thinks);
    to.endpoint_engines.emplace(edge::EndpointEngines{
        *to.engines, *to.recognizer_share, *to.language_model_share, *to.synthesizer_share, name_of(models.recognizer),
        thinks, models.voice.file.empty() ? settings.synthesizer_backend : name_of(models.voice),
        to.embedder.embedder.get(), to.embedder.name});
    published_ = &*to.engines;  // before ready is said: who reads that may call
    mark(&edge::Readiness::ready);
    return {};
}

}  // namespace antiphon::app
