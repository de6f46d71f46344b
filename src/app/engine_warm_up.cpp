#include "app/engine_warm_up.hpp"

#include "audio/resampler.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <string_view>
#include <utility>

namespace antiphon::app {
namespace {

constexpr int kHearingRate = 16'000;
constexpr engine::ConversationId kConversation{~std::uint64_t{0}};  // calls count from 1

void log_warmed(std::string_view engine, base::Time began) {
    base::log::info("engine.warmed",
                    {{"engine", engine}, {"milliseconds", base::whole_milliseconds(base::Clock::now() - began)}});
}

}  // namespace

base::Result<audio::Pcm> warm_up(engine::Synthesizer& synthesizer, std::stop_token stop) {
    const auto began = base::Clock::now();
    audio::Pcm sound;
    sound.sample_rate = synthesizer.sample_rate();
    const auto take = [&](audio::Pcm chunk) {
        sound.samples.insert(sound.samples.end(), chunk.samples.begin(), chunk.samples.end());
    };
    if (auto spoken = synthesizer.synthesize({.text = "Hello, how are you?", .language = {}, .voice = {}}, take, stop);
        !spoken)
        return spoken.error();
    log_warmed("synthesizer", began);
    return sound;
}

base::Result<void> warm_up(engine::Recognizer& recognizer, const audio::Pcm& sound, std::stop_token stop) {
    const auto began = base::Clock::now();
    auto samples = audio::resample(sound.samples, sound.sample_rate, kHearingRate);
    if (!samples) return samples.error();
    engine::RecognitionRequest request;
    request.sound = {.samples = std::move(*samples), .sample_rate = kHearingRate};
    auto transcript = recognizer.transcribe(request, stop);
    if (!transcript) return transcript.error();
    log_warmed("recognizer", began);
    return {};
}

base::Result<void> warm_up(engine::LanguageDetector& detector, const audio::Pcm& sound, std::stop_token stop) {
    const auto began = base::Clock::now();
    const auto samples = audio::resample(sound.samples, sound.sample_rate, kHearingRate);
    if (!samples) return samples.error();
    const auto findings = detector.detect(*samples, std::move(stop));
    if (!findings) return findings.error();
    log_warmed("language_detector", began);
    return {};
}

base::Result<void> warm_up(engine::LanguageModel& model, const std::string& instructions, std::stop_token stop) {
    const auto began = base::Clock::now();
    engine::GenerationRequest request;
    request.conversation = kConversation;
    request.messages = {{engine::Role::system, instructions}, {engine::Role::user, "Hello"}};
    request.max_tokens = 1;
    auto generation = model.generate(
        request, [](const engine::Fragment&) {}, stop);
    model.forget(kConversation);
    if (!generation) return generation.error();
    log_warmed("language_model", began);
    return {};
}

base::Result<void> warm_up(engine::Embedder& embedder, std::stop_token stop) {
    auto embeddings = embedder.embed({"Hello"}, std::move(stop));
    if (!embeddings) return embeddings.error();
    return {};
}

bool knows_language(engine::Recognizer& recognizer, const std::string& language) {
    // A language is refused before anything is computed; the stop request keeps it from going further.
    std::stop_source stopped;
    stopped.request_stop();
    engine::RecognitionRequest request;
    request.sound = {.samples = std::vector<float>(kHearingRate / 10, 0.0F), .sample_rate = kHearingRate};
    request.language = language;
    const auto answer = recognizer.transcribe(request, stopped.get_token());
    return answer || answer.error().code != base::Errc::unsupported;
}

}  // namespace antiphon::app
