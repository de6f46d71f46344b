#include "listen/listener.hpp"

#include "base/log.hpp"
#include "listen/utterance_slices.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace antiphon::listen {
namespace {

// A window this far below the recent speech is a pause in it, whatever the detector says yet: -20 dB.
constexpr float kQuietRatio = 0.1F;
// Weight of a new window in the running level of speech: about half a second of memory.
constexpr float kLevelWeight = 0.06F;

/// Runs on a worker: recognizes the sound, in several parts when it is too long for one.
base::Result<engine::Transcript> recognize_all(engine::Recognizer& recognizer, const audio::Pcm& sound,
                                               const Expected& expected, const std::stop_token& stop) {
    const auto samples = audio::resample(sound.samples, sound.sample_rate, kSampleRate);
    if (!samples) return samples.error();
    engine::Transcript whole;
    const auto longest = audio::samples_in(recognizer.max_duration(), kSampleRate);
    const auto parts = slices(*samples, longest);
    for (const auto part : parts) {
        engine::RecognitionRequest request;
        request.sound = {{part.begin(), part.end()}, kSampleRate};
        request.language = expected.language.empty() ? whole.language : expected.language;
        request.hint = expected.hint;
        auto words = recognizer.transcribe(request, stop);
        if (!words) return words.error();
        if (!whole.text.empty() && !words->text.empty()) whole.text += ' ';
        whole.text += words->text;
        if (!words->text.empty()) whole.language = words->language;
        whole.confidence += words->confidence / static_cast<float>(parts.size());
    }
    return whole;
}

}  // namespace

Listener::Listener(const ListenSettings& settings, std::shared_ptr<base::Strand> strand, engine::VoiceDetector& detector,
                   engine::Recognizer& recognizer, base::Workers& workers, Handler& handler)
    : settings_(settings),
      strand_(std::move(strand)),
      detector_(detector),
      recognizer_(recognizer),
      workers_(workers),
      handler_(handler),
      memory_(audio::samples_in(settings.max_utterance, kSampleRate)),
      stream_(detector.start()),
      anchor_(this) {}

base::Result<void> Listener::configure(int input_rate, std::optional<PauseSettings> turns) {
    if (auto done = set_rate(input_rate); !done) return done;
    turns_ = turns;
    reset_turns();
    return {};
}

base::Result<void> Listener::set_rate(int input_rate) {
    if (input_rate == input_rate_) return {};
    auto resampler = audio::Resampler::open(input_rate, kSampleRate);
    if (!resampler) return resampler.error();
    if (resampler_) keep(resampler_->flush());  // what is still inside belongs before what comes now
    resampler_ = std::move(*resampler);
    input_rate_ = input_rate;
    return {};
}

void Listener::keep(std::span<const float> samples) {
    if (const std::size_t dropped = memory_.append(samples); dropped > 0)
        handler_.on_sound_dropped(audio::duration_of(dropped, kSampleRate));
}

void Listener::reset_turns() {
    pauses_.reset();
    if (turns_) pauses_.emplace(*turns_, audio::duration_of(detector_.window(), kSampleRate));
    stream_->reset();
    scored_ = memory_.end();
}

void Listener::push(std::span<const float> samples, int sample_rate, bool interrupting) {
    if (auto done = set_rate(sample_rate); !done)
        return base::log::warning("listen.sound_refused", {{"reason", done.error().text}});
    std::vector<float> finite;
    if (!audio::all_finite(samples)) {
        finite.assign(samples.begin(), samples.end());
        for (float& sample : finite)
            if (!std::isfinite(sample)) sample = 0.0F;
        samples = finite;
    }
    keep(resampler_->process(samples));
    if (!pauses_) return;
    const auto window = static_cast<Position>(detector_.window());
    scored_ = std::max(scored_, memory_.begin());
    // The handler may reconfigure from within: look at the state anew for each window.
    while (pauses_ && scored_ + window <= memory_.end()) {
        scored_ += window;
        hear_window(memory_.view(scored_ - window, scored_), interrupting);
    }
}

void Listener::hear_window(std::span<const float> window, bool interrupting) {
    const auto probability = stream_->push(window);
    if (!probability) {
        base::log::warning("listen.voice_detector_failed", {{"reason", probability.error().text}});
        return;
    }
    const float level = audio::rms(window);
    if (*probability >= turns_->threshold) speech_level_ += kLevelWeight * (level - speech_level_);
    const bool quiet = level < kQuietRatio * speech_level_;
    const PauseEvent event =
        pauses_->step(*probability, quiet, interrupting ? settings_.min_interruption : settings_.min_speech);
    if (event == PauseEvent::none) return;
    const Position at = scored_ - pauses_->windows_back() * static_cast<Position>(window.size());
    handler_.on_speech(event, at);
}

base::Result<void> Listener::recognize(base::TurnId turn, Position from, Position to, Expected expected) {
    auto sound = std::make_shared<audio::Pcm>(audio::Pcm{memory_.copy(from, to), kSampleRate});
    return recognize(turn, std::move(sound), std::move(expected));
}

base::Result<void> Listener::recognize(base::TurnId turn, std::shared_ptr<const audio::Pcm> sound, Expected expected) {
    std::stop_source stop;
    auto job = [strand = strand_, anchor = anchor_.handle(), &recognizer = recognizer_, sound = std::move(sound),
                expected = std::move(expected), turn, token = stop.get_token()] {
        const base::Time began = strand->now();
        auto transcript = recognize_all(recognizer, *sound, expected, token);
        const base::Duration busy = strand->now() - began;
        strand->post(anchor.tie([turn, transcript = std::move(transcript), busy](Listener& listener) mutable {
            listener.finish(turn, std::move(transcript), busy);
        }));
    };
    if (auto taken = workers_.submit(std::move(job)); !taken) return taken;
    running_[turn] = std::move(stop);
    return {};
}

void Listener::finish(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) {
    if (running_.erase(turn) == 0) return handler_.on_listening_wasted(busy);
    handler_.on_transcript(turn, std::move(transcript), busy);
}

void Listener::cancel(base::TurnId turn) {
    const auto found = running_.find(turn);
    if (found == running_.end()) return;
    found->second.request_stop();
    running_.erase(found);
}

void Listener::close() {
    for (auto& [turn, stop] : running_) stop.request_stop();
    running_.clear();
    anchor_.drop();
}

}  // namespace antiphon::listen
