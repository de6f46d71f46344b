#include "app/engines_voices.hpp"

#include "app/opened_engine.hpp"
#include "base/log.hpp"
#include "engine/edge_tts/edge_tts_synthesizer.hpp"
#include "engine/edge_tts/edge_voices.hpp"
#include "engine/espeak/espeak_synthesizer.hpp"
#include "engine/piper/piper_synthesizer.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::app {
namespace {

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

}  // namespace

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

}  // namespace antiphon::app
