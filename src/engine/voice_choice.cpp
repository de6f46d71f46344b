#include "engine/voice_choice.hpp"

#include "audio/resampler.hpp"
#include "base/log.hpp"
#include "engine/language_tag.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::engine {

base::Result<std::unique_ptr<VoiceChoice>> VoiceChoice::open(std::vector<Source> sources, Settings settings) {
    if (sources.empty()) return base::error(base::Errc::invalid, "there is no voice to speak with");
    const int sample_rate = sources.front().synthesizer->sample_rate();
    std::deque<Kept> kept;
    for (Source& source : sources) kept.emplace_back().source = std::move(source);
    std::unique_ptr<VoiceChoice> choice(new VoiceChoice(std::move(kept), std::move(settings), sample_rate));
    for (const auto& [language, voice] : choice->settings_.voice_of_language)
        if (choice->source_of(voice) == nullptr)
            return base::error(base::Errc::invalid, "there is no voice \"" + voice + "\", which " + language + " is to have",
                               "voice_of_language");
    return choice;
}

VoiceChoice::VoiceChoice(std::deque<Kept> sources, Settings settings, int sample_rate)
    : sources_(std::move(sources)), settings_(std::move(settings)), sample_rate_(sample_rate) {}

VoiceChoice::Kept* VoiceChoice::source_of(const std::string& voice) {
    for (Kept& kept : sources_) {
        const auto names = kept.source.synthesizer->voices();
        if (std::find(names.begin(), names.end(), voice) != names.end()) return &kept;
    }
    return nullptr;
}

bool VoiceChoice::rests(const Kept& kept) const {
    const base::Duration until(kept.rests_until.load());
    return until > base::Duration::zero() && settings_.clock().time_since_epoch() < until;
}

std::vector<VoiceChoice::Attempt> VoiceChoice::attempts(const Utterance& utterance) {
    std::vector<Attempt> all;
    if (!utterance.voice.empty())
        if (Kept* kept = source_of(utterance.voice)) all.push_back({kept, utterance.voice});
    const auto wanted = settings_.voice_of_language.find(primary_language(utterance.language));
    if (wanted != settings_.voice_of_language.end()) all.push_back({source_of(wanted->second), wanted->second});
    for (Kept& kept : sources_) all.push_back({&kept, {}});
    std::stable_partition(all.begin(), all.end(), [&](const Attempt& attempt) { return !rests(*attempt.kept); });
    return all;
}

base::Result<void> VoiceChoice::speak(Kept& kept, const Utterance& utterance, const Sink& sink, const std::stop_token& stop,
                                      bool& sounded) const {
    Synthesizer& synthesizer = *kept.source.synthesizer;
    auto resampler = audio::Resampler::open(synthesizer.sample_rate(), sample_rate_);
    if (!resampler) return resampler.error();
    const auto give = [&](std::vector<float> samples) {
        if (samples.empty() || stop.stop_requested()) return;
        sounded = true;
        sink({std::move(samples), sample_rate_});
    };
    auto end = synthesizer.synthesize(utterance, [&](const audio::Pcm& chunk) { give(resampler->process(chunk.samples)); }, stop);
    give(resampler->flush());
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "speaking was stopped");
    return end;
}

base::Result<void> VoiceChoice::synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) {
    if (!utterance.voice.empty() && source_of(utterance.voice) == nullptr)
        return base::error(base::Errc::unsupported, "there is no voice \"" + utterance.voice + "\"", "voice");
    base::Result<void> told = base::error(base::Errc::unsupported, "there is no voice for " + utterance.language, "language");
    std::vector<const Kept*> failed;
    for (const auto& [kept, voice] : attempts(utterance)) {
        if (std::find(failed.begin(), failed.end(), kept) != failed.end()) continue;
        Utterance own = utterance;
        own.voice = voice;
        bool sounded = false;
        auto end = speak(*kept, own, sink, stop, sounded);
        if (end) kept->rests_until = 0;
        if (end || sounded) return end;
        const base::Error& failure = end.error();
        if (failure.code == base::Errc::cancelled || failure.code == base::Errc::invalid) return end;
        if (failure.code == base::Errc::unsupported) continue;
        base::log::warning("speak.voice_failed", {{"voice", kept->source.name}, {"because", failure.text}});
        failed.push_back(kept);
        kept->rests_until = (settings_.clock().time_since_epoch() + settings_.rest_after_failure).count();
        told = std::move(end);
    }
    return told;
}

std::vector<std::string> VoiceChoice::voices() const {
    std::vector<std::string> names;
    for (const Kept& kept : sources_)
        for (std::string& name : kept.source.synthesizer->voices())
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    return names;
}

std::vector<VoiceChoice::NamedVoice> VoiceChoice::named_voices() const {
    std::vector<NamedVoice> all;
    for (const Kept& kept : sources_)
        for (const NamedVoice& voice : kept.source.voices)
            if (std::none_of(all.begin(), all.end(), [&](const NamedVoice& one) { return one.name == voice.name; }))
                all.push_back(voice);
    return all;
}

}  // namespace antiphon::engine
