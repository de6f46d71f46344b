// The words of a whole recording, however long: cut at its pauses, recognized piece by piece, with times.
//
// thread-safe; blocks, so it runs on a worker. The clock of every time here is the recording's: 0 is its first
// sample.
#pragma once

#include "audio/pcm.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/recognizer.hpp"
#include "engine/voice_detector.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::listen {

/// Samples [from, to) of a recording in which somebody speaks.
struct Stretch {
    std::size_t from = 0;
    std::size_t to = 0;
    float speech = 0.0F;  ///< mean probability of speech over its windows
    bool operator==(const Stretch&) const = default;
};

/// Where somebody speaks, from the voice detector's probability for each window of `window` samples: begun at
/// 0.5, gone on with down to 0.35 (Silero's own two thresholds). Pauses of less than half a second do not part a
/// stretch; each is given 200 ms of what is around it, or half the pause. pure.
std::vector<Stretch> speech_stretches(std::span<const float> probabilities, std::size_t window, std::size_t samples);

/// What was said without a pause, or as much of it as the recognizer takes at once.
struct Segment {
    base::Duration start{};
    base::Duration end{};
    std::string text;         ///< never empty
    float confidence = 0.0F;  ///< as Transcript::confidence
    float speech = 0.0F;      ///< as Stretch::speech
};

struct RecordingWords {
    std::string text;      ///< of all segments, a space between them
    std::string language;  ///< BCP 47; of the request, else of the first segment; empty when nobody said a word
    base::Duration duration{};
    std::vector<Segment> segments;
};

struct RecordingRequest {
    audio::Pcm sound;      ///< 16 kHz, finite
    std::string language;  ///< BCP 47; empty: found out by the first segment, and taken for the others
    std::string hint;      ///< words likely to come up
};

/// `take` gets each segment as it is known, in order, on this thread. Fails as Recognizer::transcribe and
/// VoiceStream::push do, and with `cancelled` when `stop` was requested; segments already given stay good.
base::Result<RecordingWords> recognize_recording(const RecordingRequest& request, engine::VoiceDetector& detector,
                                                 engine::Recognizer& recognizer,
                                                 const std::function<void(const Segment&)>& take, const std::stop_token& stop);

}  // namespace antiphon::listen
