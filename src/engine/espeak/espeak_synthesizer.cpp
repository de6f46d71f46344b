#include "engine/espeak/espeak_synthesizer.hpp"

#include "base/utf8.hpp"
#include "engine/clause_sound.hpp"
#include "engine/clauses.hpp"
#include "engine/espeak_library.hpp"
#include "engine/language_tag.hpp"

#include <espeak-ng/speak_lib.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace antiphon::engine::espeak {
namespace {

constexpr std::string_view kPrefix = "espeak-";
constexpr float kSlowest = 0.25F;
constexpr float kFastest = 4.0F;
constexpr std::size_t kLongestPart = 240;  ///< characters made at once: about 20 ms of holding espeak-ng

/// What espeak-ng's callback fills; it is told by a global, which belongs to whoever holds the library.
struct Recording {
    std::vector<float> samples;
    const std::stop_token* stop = nullptr;
};
Recording* recording = nullptr;

int take_sound(short* sound, int count, espeak_EVENT*) {
    if (recording->stop->stop_requested()) return 1;
    for (int i = 0; sound != nullptr && i < count; ++i)
        recording->samples.push_back(static_cast<float>(sound[i]) / 32768.0F);
    return 0;
}

/// The clause in parts that are made at once, cut between words where there are any. The last has the mark.
std::vector<Clause> parts_of(const Clause& clause) {
    const auto points = base::code_points(clause.text);
    std::vector<Clause> parts;
    for (std::size_t at = 0; at < points.size();) {
        std::size_t end = std::min(points.size(), at + kLongestPart);
        if (end < points.size())
            for (std::size_t back = end; back > at; --back)
                if (points[back] == U' ') {
                    end = back;
                    break;
                }
        Clause part{{}, end == points.size() ? clause.mark : 0};
        for (std::size_t i = at; i < end; ++i) base::append_utf8(part.text, points[i]);
        parts.push_back(std::move(part));
        at = end;
    }
    return parts;
}

/// As the text of a part is given to espeak-ng: its mark makes the melody, control characters would be commands.
std::string clean(const Clause& part) {
    std::string text = part.text;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    if (part.mark != 0) text += static_cast<char>(part.mark);
    return text;
}

base::Error cancelled() { return base::error(base::Errc::cancelled, "speaking was stopped"); }

}  // namespace

base::Result<std::unique_ptr<EspeakSynthesizer>> EspeakSynthesizer::open(const EspeakSettings& settings) {
    if (settings.max_characters < 1)
        return base::error(base::Errc::invalid, "the voice's max_characters must be at least 1", "max_characters");
    if (!(settings.loudness_dbfs >= -40.0F && settings.loudness_dbfs <= -10.0F))
        return base::error(base::Errc::invalid, "the voice's loudness_dbfs must be -40 to -10", "loudness_dbfs");
    auto installed = installed_voices();
    if (!installed) return installed.error();
    int sample_rate = 0;
    {
        const auto espeak = HeldEspeak::take();
        if (!espeak) return espeak.error();
        sample_rate = espeak->sample_rate();
        espeak_SetSynthCallback(&take_sound);
    }
    const auto missing = [](const std::string& language) {
        return base::error(base::Errc::unsupported, "espeak-ng does not speak \"" + language + "\"", "language");
    };
    if (voice_for(*installed, settings.language) == nullptr) return missing(settings.language);
    std::vector<NamedVoice> named;
    const auto add = [&](const std::string& name) {
        const std::string full = std::string(kPrefix) + name;
        const auto same = [&](const NamedVoice& voice) { return voice.name == full; };
        if (std::none_of(named.begin(), named.end(), same)) named.push_back({full, name});
    };
    for (const std::string& language : settings.languages) {
        const InstalledVoice* voice = voice_for(*installed, language);
        if (voice == nullptr) return missing(language);
        add(voice->name);
    }
    if (settings.languages.empty())
        for (const InstalledVoice& voice : *installed) add(voice.name);
    return std::unique_ptr<EspeakSynthesizer>(
        new EspeakSynthesizer(settings, sample_rate, std::move(*installed), std::move(named)));
}

EspeakSynthesizer::EspeakSynthesizer(EspeakSettings settings, int sample_rate, std::vector<InstalledVoice> installed,
                                     std::vector<NamedVoice> named)
    : settings_(std::move(settings)),
      sample_rate_(sample_rate),
      installed_(std::move(installed)),
      named_(std::move(named)) {}

std::vector<std::string> EspeakSynthesizer::voices() const {
    std::vector<std::string> names;
    for (const NamedVoice& voice : named_) names.push_back(voice.name);
    return names;
}

base::Result<const InstalledVoice*> EspeakSynthesizer::voice_of(const Utterance& utterance) const {
    const std::string& language = utterance.language;
    if (!utterance.voice.empty()) {
        const auto named = std::find_if(named_.begin(), named_.end(),
                                        [&](const NamedVoice& voice) { return voice.name == utterance.voice; });
        if (named == named_.end())
            return base::error(base::Errc::unsupported, "espeak-ng has no voice \"" + utterance.voice + "\"", "voice");
        if (!speaks(named->language, language))
            return base::error(base::Errc::unsupported,
                               "the voice speaks " + named->language + ", not " + language, "language");
        return voice_for(installed_, named->language);
    }
    const bool allowed =
        settings_.languages.empty() ||
        std::any_of(settings_.languages.begin(), settings_.languages.end(),
                    [&](const std::string& known) { return speaks(known, language); });
    const InstalledVoice* voice = voice_for(installed_, language.empty() ? settings_.language : language);
    if (!allowed || voice == nullptr)
        return base::error(base::Errc::unsupported, "espeak-ng has no voice for " + language, "language");
    return voice;
}

base::Result<std::vector<float>> EspeakSynthesizer::sound_of(const std::string& text, const InstalledVoice& voice,
                                                             float speed, const std::stop_token& stop) const {
    Recording made;
    made.stop = &stop;
    auto espeak = HeldEspeak::take();
    if (!espeak) return espeak.error();
    if (!espeak->use_voice(voice.file))
        return base::error(base::Errc::engine, "espeak-ng lost its voice \"" + voice.name + "\"");
    espeak_SetParameter(espeakRATE, static_cast<int>(std::lround(espeakRATE_NORMAL * speed)), 0);
    recording = &made;
    const auto result =
        espeak_Synth(text.c_str(), text.size() + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, nullptr, nullptr);
    recording = nullptr;
    if (stop.stop_requested()) return cancelled();
    if (result != EE_OK)
        return base::error(base::Errc::engine, "espeak-ng failed with " + std::to_string(static_cast<int>(result)));
    return std::move(made.samples);
}

base::Result<void> EspeakSynthesizer::synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) {
    if (stop.stop_requested()) return cancelled();
    if (!base::is_utf8(utterance.text)) return base::error(base::Errc::invalid, "the text is not UTF-8", "text");
    if (base::code_points(utterance.text).size() > settings_.max_characters)
        return base::error(base::Errc::invalid,
                           "the text is longer than " + std::to_string(settings_.max_characters) + " characters",
                           "text");
    if (!(utterance.speed >= kSlowest && utterance.speed <= kFastest))
        return base::error(base::Errc::invalid, "the speed must be 0.25 to 4", "speed");
    const auto voice = voice_of(utterance);
    if (!voice) return voice.error();

    for (const Clause& clause : split_clauses(utterance.text))
        for (const Clause& part : parts_of(clause)) {
            const auto sound = sound_of(clean(part), **voice, utterance.speed, stop);
            if (!sound) return sound.error();
            ClauseShape shape;
            shape.loudness_dbfs = settings_.loudness_dbfs;
            shape.pause = pause_after(part.mark, utterance.speed);
            audio::Pcm chunk{shape_clause(*sound, sample_rate_, shape), sample_rate_};
            if (stop.stop_requested()) return cancelled();
            if (!chunk.samples.empty()) sink(std::move(chunk));
        }
    // Told after the last chunk, a stop still means that the rest of the turn is not wanted.
    if (stop.stop_requested()) return cancelled();
    return {};
}

}  // namespace antiphon::engine::espeak
