#include "engine/edge_tts/edge_tts_synthesizer.hpp"

#include "audio/mp3_decoder.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "engine/clause_sound.hpp"
#include "engine/clauses.hpp"
#include "engine/edge_tts/edge_connection.hpp"
#include "engine/edge_tts/edge_voices.hpp"
#include "engine/edge_tts/speech_leveler.hpp"
#include "engine/language_tag.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <utility>

namespace antiphon::engine::edge_tts {
namespace {

constexpr float kSlowest = 0.25F;
constexpr float kFastest = 4.0F;
constexpr int kForbidden = 403;

base::Error cancelled() { return base::error(base::Errc::cancelled, "speaking was stopped"); }

std::string hexadecimal_id() {
    std::random_device random;
    std::string id;
    while (id.size() < 32) id += "0123456789abcdef"[random() & 15U];
    return id;
}

std::int64_t system_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The pause that the text's last mark asks for.
base::milliseconds last_pause(const std::vector<Clause>& clauses, float speed) {
    return pause_after(clauses.back().mark, speed);
}

}  // namespace

base::Result<std::unique_ptr<EdgeTtsSynthesizer>> EdgeTtsSynthesizer::open(const EdgeTtsSettings& settings) {
    const auto refuse = [](const char* name, const char* range) {
        return base::error(base::Errc::invalid, std::string("the voice's ") + name + " must be " + range, name);
    };
    if (settings.max_characters < 1) return refuse("max_characters", "at least 1");
    if (!(settings.loudness_dbfs >= -40.0F && settings.loudness_dbfs <= -10.0F))
        return refuse("loudness_dbfs", "-40 to -10");
    if (settings.open_within <= base::milliseconds(0)) return refuse("open_within", "more than nothing");
    if (settings.answer_within <= base::milliseconds(0)) return refuse("answer_within", "more than nothing");
    auto endpoint = Endpoint::parse(settings.url);
    if (!endpoint) return endpoint.error();
    if (auto decoder = audio::Mp3Decoder::open(kSampleRate); !decoder) return decoder.error();

    std::vector<std::string> voices = settings.voices;
    for (const std::string& name : voices)
        if (language_of(name).empty())
            return base::error(base::Errc::invalid, "\"" + name + "\" is no Edge voice such as sv-SE-SofieNeural", "voices");
    for (std::string& name : known_voices())
        if (std::find(voices.begin(), voices.end(), name) == voices.end()) voices.push_back(std::move(name));
    const auto speakable = [&](const std::string& language) { return voice_for(voices, language) != nullptr; };
    std::vector<std::string> needed = settings.languages;
    needed.push_back(settings.language);
    for (const std::string& language : needed)
        if (!speakable(language))
            return base::error(base::Errc::unsupported, "the Edge service has no voice for \"" + language + "\"", "language");
    if (!settings.languages.empty())
        std::erase_if(voices, [&](const std::string& name) {
            return std::none_of(settings.languages.begin(), settings.languages.end(),
                                [&](const std::string& language) { return speaks(language_of(name), language); });
        });
    return std::unique_ptr<EdgeTtsSynthesizer>(new EdgeTtsSynthesizer(settings, std::move(*endpoint), std::move(voices)));
}

EdgeTtsSynthesizer::EdgeTtsSynthesizer(EdgeTtsSettings settings, Endpoint endpoint, std::vector<std::string> voices)
    : settings_(std::move(settings)),
      endpoint_(std::move(endpoint)),
      voices_(std::move(voices)),
      machine_(hexadecimal_id()) {
    if (!settings_.clock) settings_.clock = &system_seconds;
    std::transform(machine_.begin(), machine_.end(), machine_.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
}

base::Result<std::string> EdgeTtsSynthesizer::voice_of(const Utterance& utterance) const {
    if (!utterance.voice.empty()) {
        if (std::find(voices_.begin(), voices_.end(), utterance.voice) == voices_.end())
            return base::error(base::Errc::unsupported, "the Edge service has no voice \"" + utterance.voice + "\"", "voice");
        // "Multilingual" voices speak whatever language the text is in.
        if (!speaks(language_of(utterance.voice), utterance.language) && utterance.voice.find("Multilingual") == std::string::npos)
            return base::error(base::Errc::unsupported, "the voice speaks " + language_of(utterance.voice) + ", not " +
                                                            utterance.language, "language");
        return utterance.voice;
    }
    const std::string* voice = voice_for(voices_, utterance.language.empty() ? settings_.language : utterance.language);
    if (voice == nullptr)
        return base::error(base::Errc::unsupported, "the Edge service has no voice for " + utterance.language, "language");
    return *voice;
}

base::Result<void> EdgeTtsSynthesizer::speak_part(const std::string& text, const std::string& voice, float speed,
                                                  const Sink& sink, SpeechLeveler& leveler, const std::stop_token& stop) {
    bool sounded = false;
    for (bool again = true;; again = false) {
        auto decoder = audio::Mp3Decoder::open(kSampleRate);
        if (!decoder) return decoder.error();
        const auto level = [&](const base::Result<std::vector<float>>& samples) -> base::Result<void> {
            if (!samples) return base::error(base::Errc::engine, "the Edge service's sound: " + samples.error().text);
            if (stop.stop_requested()) return cancelled();
            sounded = sounded || !samples->empty();
            if (auto ready = leveler.process(*samples); !ready.empty()) sink({std::move(ready), kSampleRate});
            return {};
        };
        const std::int64_t now = settings_.clock() + clock_skew_;
        Request request{endpoint_,
                        request_target(endpoint_, hexadecimal_id(), now),
                        request_headers(machine_),
                        {config_message(now), speech_message(hexadecimal_id(), now, voice, speed, text)},
                        settings_.open_within,
                        settings_.answer_within};
        const auto answer = ask(
            request, names_,
            [&](std::string_view mp3) {
                return level(decoder->process({reinterpret_cast<const std::uint8_t*>(mp3.data()), mp3.size()}));
            },
            stop);
        if (answer.outcome) {
            if (auto rest = level(decoder->finish()); !rest) return rest;
            if (!sounded) return base::error(base::Errc::engine, "the Edge service gave no sound");
            return {};
        }
        // Its clock and ours disagree: it says its own, and is asked once more by that.
        const auto its_time = unix_seconds_of(answer.date);
        if (!again || answer.status != kForbidden || !its_time) return answer.outcome;
        clock_skew_ = *its_time - settings_.clock();
    }
}

base::Result<void> EdgeTtsSynthesizer::synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) {
    if (stop.stop_requested()) return cancelled();
    if (!base::is_utf8(utterance.text)) return base::error(base::Errc::invalid, "the text is not UTF-8", "text");
    if (base::code_points(utterance.text).size() > settings_.max_characters)
        return base::error(base::Errc::invalid,
                           "the text is longer than " + std::to_string(settings_.max_characters) + " characters", "text");
    if (!(utterance.speed >= kSlowest && utterance.speed <= kFastest))
        return base::error(base::Errc::invalid, "the speed must be 0.25 to 4", "speed");
    const auto voice = voice_of(utterance);
    if (!voice) return voice.error();
    const auto clauses = split_clauses(utterance.text);
    if (clauses.empty()) return {};
    if (!noted_.exchange(true))
        base::log::warning("speak.text_leaves_the_machine", {{"to", endpoint_.host}, {"voice", *voice}});

    SpeechLeveler leveler(kSampleRate, settings_.loudness_dbfs);
    const auto parts = request_parts(utterance.text);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (auto spoken = speak_part(parts[i], *voice, utterance.speed, sink, leveler, stop); !spoken) return spoken;
        const bool last = i + 1 == parts.size();
        auto rest = leveler.pause(last ? last_pause(clauses, utterance.speed) : pause_after(0, utterance.speed));
        if (stop.stop_requested()) return cancelled();
        if (!rest.empty()) sink({std::move(rest), kSampleRate});
    }
    // Told after the last chunk, a stop still means that the rest of the turn is not wanted.
    if (stop.stop_requested()) return cancelled();
    return {};
}

}  // namespace antiphon::engine::edge_tts
