#include "app/engines.hpp"

#include "app/engine_warm_up.hpp"
#include "app/engine_workers.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/worker_share.hpp"
#include "engine/edge_tts/edge_tts_synthesizer.hpp"
#include "engine/edge_tts/edge_voices.hpp"
#include "engine/espeak/espeak_synthesizer.hpp"
#include "engine/llama/llama_embedder.hpp"
#include "engine/llama/llama_language_model.hpp"
#include "engine/model_store.hpp"
#include "engine/piper/piper_synthesizer.hpp"
#include "engine/silero/silero_voice_detector.hpp"
#include "engine/voice_choice.hpp"
#include "engine/whisper/whisper_recognizer.hpp"

#include <ggml-backend.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace antiphon::app {
namespace {

constexpr int kLargestCache = 16'384;
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

/// What the catalog or, failing that, the file calls it.
std::string name_of(const ChosenModel& chosen) {
    return chosen.model != nullptr ? chosen.model->id : chosen.file.stem().string();
}

std::size_t cache_of(const EngineSettings& settings, int places) {
    const int tokens = settings.language_model_cache > 0
                           ? settings.language_model_cache
                           : std::min(settings.language_model_context * places, kLargestCache);
    return static_cast<std::size_t>(std::max(tokens, settings.language_model_context));
}

/// Checks the model, if it is the catalog's, and gives what `open` makes of it. Fails with a sentence that
/// names the file and what to do.
template <typename Open>
auto opened(const char* part, const ChosenModel& chosen, engine::ModelStore& store, std::stop_token stop, Open open)
    -> decltype(open(chosen.file)) {
    const auto began = base::Clock::now();
    if (chosen.model != nullptr)
        if (auto whole = store.check(*chosen.model, {}, stop); !whole) return whole.error();
    auto backend = open(chosen.file);
    if (!backend) {
        auto failure = backend.error();
        // A bad setting is told as it is; with all else the file is at fault.
        if (failure.code != base::Errc::invalid)
            failure.text = "the model file " + chosen.file.string() + " cannot be used: " + failure.text + "; " +
                           (chosen.model != nullptr ? "`antiphon models fetch " + chosen.model->id + "` gets it anew"
                                                    : "it is named by the settings");
        return failure;
    }
    base::log::info("engine.loaded", {{"engine", part},
                                      {"model", chosen.file.filename().string()},
                                      {"milliseconds", base::whole_milliseconds(base::Clock::now() - began)}});
    return backend;
}

engine::VoiceChoice::Source source_of(std::unique_ptr<engine::piper::PiperSynthesizer> piper, const std::string& file) {
    // A voice of one speaker goes by its data set's name as well: one of the two is enough to choose from.
    auto names = piper->voices();
    if (std::find(names.begin(), names.end(), file) != names.end()) names = {file};
    engine::VoiceChoice::Source source{"piper " + file, nullptr, {}};
    for (const std::string& name : names) source.voices.push_back({name, piper->language()});
    source.synthesizer = std::move(piper);
    return source;
}

base::Result<engine::VoiceChoice::Source> edge_source(const EngineSettings& settings, const ModelChoice& models) {
    engine::edge_tts::EdgeTtsSettings edge;
    if (!settings.edge_url.empty()) edge.url = settings.edge_url;
    for (const auto& [language, voice] : models.voice_of_language)
        if (!voice.starts_with("espeak-") && !engine::edge_tts::language_of(voice).empty()) edge.voices.push_back(voice);
    auto synthesizer = engine::edge_tts::EdgeTtsSynthesizer::open(edge);
    if (!synthesizer) return synthesizer.error();
    engine::VoiceChoice::Source source{"edge", nullptr, {}};
    for (const std::string& name : (*synthesizer)->voices())
        source.voices.push_back({name, engine::edge_tts::language_of(name)});
    source.synthesizer = std::move(*synthesizer);
    return source;
}

base::Result<engine::VoiceChoice::Source> espeak_source() {
    auto synthesizer = engine::espeak::EspeakSynthesizer::open({});
    if (!synthesizer) return synthesizer.error();
    engine::VoiceChoice::Source source{"espeak", nullptr, {}};
    for (const auto& voice : (*synthesizer)->named_voices()) source.voices.push_back({voice.name, voice.language});
    source.synthesizer = std::move(*synthesizer);
    return source;
}

/// What speaks, by synthesizer.backend; docs/voices.md.
base::Result<std::unique_ptr<engine::VoiceChoice>> open_voices(const EngineSettings& settings, const ModelChoice& models,
                                                               int threads, engine::ModelStore& store,
                                                               const std::stop_token& stop) {
    const std::string& backend = settings.synthesizer_backend;
    engine::VoiceChoice::Settings choice;
    choice.voice_of_language = models.voice_of_language;
    std::vector<engine::VoiceChoice::Source> sources;
    std::vector<ChosenModel> voices = models.more_voices;
    if (!models.voice.file.empty()) voices.insert(voices.begin(), models.voice);
    for (const ChosenModel& voice : voices) {
        auto piper = opened("synthesizer", voice, store, stop, [&](const auto& file) {
            engine::piper::PiperSettings own;
            own.model = file;
            own.threads = threads;
            return engine::piper::PiperSynthesizer::open(own);
        });
        if (!piper) return piper.error();
        sources.push_back(source_of(std::move(*piper), voice.file.stem().string()));
        for (auto& [language, name] : choice.voice_of_language)
            if (name == voice.file.string()) name = sources.back().voices.front().name;
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "loading was stopped");
    }
    if (backend == "edge" || (backend == "auto" && settings.edge_allowed)) {
        auto edge = edge_source(settings, models);
        if (!edge) return edge.error();
        sources.insert(backend == "edge" ? sources.begin() : sources.end(), std::move(*edge));
    }
    if (backend != "piper") {
        auto espeak = espeak_source();
        if (espeak)
            sources.push_back(std::move(*espeak));
        else if (sources.empty())
            return espeak.error();
        else
            base::log::warning("espeak.off", {{"because", espeak.error().text}});
    }
    return engine::VoiceChoice::open(std::move(sources), std::move(choice));
}

edge::EngineOptions options_of(const std::vector<engine::whisper::WhisperRecognizer::Language>& languages,
                               const engine::VoiceChoice& voices, const ModelChoice& models) {
    edge::EngineOptions options;
    for (const auto& language : languages) options.languages.push_back({language.code, language.name});
    for (const auto& voice : voices.named_voices()) options.voices.push_back({voice.name, voice.language});
    if (!options.voices.empty()) options.default_voice = options.voices.front().id;
    options.models = {name_of(models.language_model)};
    return options;
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
    std::unique_ptr<engine::llama::LlamaLanguageModel> language_model;
    std::unique_ptr<engine::llama::LlamaEmbedder> embedder;  ///< null: without embeddings
    std::optional<call::CallMetrics> metrics;
    std::optional<EngineWorkers> recognizer_workers;
    std::optional<EngineWorkers> language_model_workers;
    std::optional<EngineWorkers> synthesizer_workers;
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
    const std::scoped_lock lock(mutex_);
    return readiness_;
}

const call::CallEngines* Engines::engines() const { return published_; }

const edge::EngineOptions* Engines::options() const {
    return published_.load() == nullptr ? nullptr : &loaded_->options;
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
    loaded_->language_model_workers->close();
    loaded_->synthesizer_workers->close();
}

void Engines::mark(bool edge::Readiness::*part) {
    const std::scoped_lock lock(mutex_);
    readiness_.*part = true;
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
    if (tells_languages(*to.recognizer)) mark(&edge::Readiness::lid_ready);
    if (stop.stop_requested()) return stopped;

    auto language_model = opened("language_model", models.language_model, store, stop, [&](const auto& file) {
        engine::llama::LlamaSettings llama;
        llama.model = file;
        llama.context_tokens = static_cast<std::size_t>(settings.language_model_context);
        llama.places = static_cast<std::size_t>(shares.language_model_places);
        llama.cache_tokens = cache_of(settings, shares.language_model_places);
        llama.threads = shares.language_model_threads;
        llama.gpu_layers = on_gpu ? -1 : 0;
        llama.top_p = settings.language_model_top_p;
        llama.repetition_penalty = settings.language_model_repetition_penalty;
        return engine::llama::LlamaLanguageModel::open(llama);
    });
    if (!language_model) return language_model.error();
    to.language_model = std::move(*language_model);
    if (auto warm = warm_up(*to.language_model, loading_.instructions, stop); !warm) return warm.error();
    mark(&edge::Readiness::llm_ready);

    if (!models.embedder.file.empty()) {
        if (stop.stop_requested()) return stopped;
        auto embedder = opened("embedder", models.embedder, store, stop, [&](const auto& file) {
            engine::llama::LlamaEmbedderSettings llama;
            llama.model = file;
            llama.parallel = static_cast<std::size_t>(shares.embedder_parallel);
            llama.gpu_layers = on_gpu ? -1 : 0;
            return engine::llama::LlamaEmbedder::open(llama);
        });
        base::Result<void> usable = embedder ? warm_up(**embedder, stop) : base::Result<void>(embedder.error());
        // Nobody asked for the set's: without it there are calls all the same.
        if (!usable && (!settings.embedder_model.empty() || stop.stop_requested())) return usable.error();
        if (usable)
            to.embedder = std::move(*embedder);
        else
            base::log::warning("embeddings.off", {{"because", usable.error().text}});
    }

    const auto pool = [&](std::optional<EngineWorkers>& workers, const char* name, std::size_t parallel) {
        workers.emplace(name, parallel, parallel * static_cast<std::size_t>(settings.queue_per_worker));
    };
    pool(to.recognizer_workers, "recognizer", to.recognizer->parallel());
    pool(to.language_model_workers, "language-model", to.language_model->parallel());
    pool(to.synthesizer_workers, "synthesizer", static_cast<std::size_t>(shares.synthesizer_parallel));
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
                                         *to.metrics});
    to.options = options_of(to.recognizer->languages(), *to.synthesizer, models);
    to.endpoint_engines.emplace(edge::EndpointEngines{*to.engines, *to.recognizer_share, *to.language_model_share,
                                                      *to.synthesizer_share, name_of(models.recognizer),
                                                      name_of(models.language_model),
                                                      models.voice.file.empty() ? settings.synthesizer_backend
                                                                                : name_of(models.voice),
                                                      to.embedder.get(), name_of(models.embedder)});
    published_ = &*to.engines;  // before ready is said: who reads that may call
    mark(&edge::Readiness::ready);
    return {};
}

}  // namespace antiphon::app
