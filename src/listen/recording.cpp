#include "listen/recording.hpp"

#include "listen/sound_memory.hpp"
#include "listen/utterance_slices.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {
namespace {

constexpr float kBegins = 0.5F;
constexpr float kGoesOn = 0.35F;
constexpr std::size_t kPause = kSampleRate / 2;
constexpr std::size_t kMargin = kSampleRate / 5;
/// Whisper takes shorter ones too, but makes nothing of them.
constexpr std::size_t kShortest = kSampleRate / 10;

base::Error stopped() { return base::error(base::Errc::cancelled, "the recognition was stopped"); }

base::Result<std::vector<float>> probabilities_of(std::span<const float> sound, engine::VoiceDetector& detector,
                                                  const std::stop_token& stop) {
    const std::size_t window = detector.window();
    const auto stream = detector.start();
    std::vector<float> probabilities;
    std::vector<float> padded(window);
    for (std::size_t at = 0; at < sound.size(); at += window) {
        if (stop.stop_requested()) return stopped();
        auto next = sound.subspan(at, std::min(window, sound.size() - at));
        if (next.size() < window) {
            std::fill(std::copy(next.begin(), next.end(), padded.begin()), padded.end(), 0.0F);
            next = padded;
        }
        const auto probability = stream->push(next);
        if (!probability) return probability.error();
        probabilities.push_back(*probability);
    }
    return probabilities;
}

}  // namespace

std::vector<Stretch> speech_stretches(std::span<const float> probabilities, std::size_t window, std::size_t samples) {
    std::vector<Stretch> stretches;
    bool speaking = false;
    std::vector<std::size_t> windows;  // of each stretch, that hold speech
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        speaking = probabilities[i] >= (speaking ? kGoesOn : kBegins);
        if (!speaking) continue;
        const std::size_t from = i * window;
        const std::size_t to = std::min(from + window, samples);
        if (stretches.empty() || from >= stretches.back().to + kPause) {
            stretches.push_back({from, to, 0.0F});
            windows.push_back(0);
        }
        stretches.back().to = to;
        stretches.back().speech += probabilities[i];
        ++windows.back();
    }
    for (std::size_t i = 0; i < stretches.size(); ++i) stretches[i].speech /= static_cast<float>(windows[i]);
    std::size_t free_from = 0;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        auto& stretch = stretches[i];
        const std::size_t end = stretch.to;
        const std::size_t free_to = i + 1 < stretches.size() ? end + (stretches[i + 1].from - end) / 2 : samples;
        stretch.from = std::max(free_from, stretch.from - std::min(stretch.from, kMargin));
        stretch.to = std::min(free_to, end + kMargin);
        free_from = free_to;
    }
    return stretches;
}

base::Result<RecordingWords> recognize_recording(const RecordingRequest& request, engine::VoiceDetector& detector,
                                                 engine::Recognizer& recognizer,
                                                 const std::function<void(const Segment&)>& take, const std::stop_token& stop) {
    const std::span<const float> sound(request.sound.samples);
    RecordingWords words;
    words.language = request.language;
    words.duration = request.sound.duration();
    const auto probabilities = probabilities_of(sound, detector, stop);
    if (!probabilities) return probabilities.error();
    const std::size_t longest = audio::samples_in(recognizer.max_duration(), kSampleRate);
    for (const Stretch& stretch : speech_stretches(*probabilities, detector.window(), sound.size())) {
        std::size_t at = stretch.from;
        for (const auto part : slices(sound.subspan(stretch.from, stretch.to - stretch.from), longest)) {
            const std::size_t from = std::exchange(at, at + part.size());
            if (part.size() < kShortest) continue;
            if (stop.stop_requested()) return stopped();
            engine::RecognitionRequest recognition;
            recognition.sound = {{part.begin(), part.end()}, kSampleRate};
            recognition.language = words.language;
            recognition.hint = request.hint;
            auto heard = recognizer.transcribe(recognition, stop);
            if (!heard) return heard.error();
            if (heard->text.empty()) continue;
            if (words.language.empty()) words.language = heard->language;
            Segment segment{audio::duration_of(from, kSampleRate), audio::duration_of(from + part.size(), kSampleRate),
                            std::move(heard->text), heard->confidence, stretch.speech};
            if (!words.text.empty()) words.text += ' ';
            words.text += segment.text;
            take(segment);
            words.segments.push_back(std::move(segment));
        }
    }
    return words;
}

}  // namespace antiphon::listen
