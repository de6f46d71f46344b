// The hearing lane of a call: sound in, turns and words out.
//
// strand. push() runs the voice detector at once (well below a millisecond per window); recognition runs
// on its workers and comes back by a post to the strand. After cancel(turn) or close() no result of that
// turn, or of any, reaches the handler.
#pragma once

#include "audio/resampler.hpp"
#include "base/anchor.hpp"
#include "base/ids.hpp"
#include "base/strand.hpp"
#include "base/workers.hpp"
#include "engine/recognizer.hpp"
#include "engine/voice_detector.hpp"
#include "listen/listen_settings.hpp"
#include "listen/pause_detector.hpp"
#include "listen/sound_memory.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::listen {

/// What is known about the words before they are recognized.
struct Expected {
    std::string language;  ///< BCP 47; empty: found out
    std::string hint;      ///< words likely to come up, may be empty
};

class Listener {
public:
    /// Called on the strand, from within push() or a posted task.
    class Handler {
    public:
        virtual ~Handler() = default;
        /// `at`: where the speech began, or where the silence began.
        virtual void on_speech(PauseEvent event, Position at) = 0;
        /// Recognition has ended; `busy` is the time that the engine worked for it.
        virtual void on_transcript(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) = 0;
        /// A cancelled recognition has ended.
        virtual void on_listening_wasted(base::Duration busy) = 0;
        /// Sound had to be dropped because nobody took it.
        virtual void on_sound_dropped(base::Duration length) = 0;
    };

    Listener(const ListenSettings& settings, std::shared_ptr<base::Strand> strand, engine::VoiceDetector& detector,
             engine::Recognizer& recognizer, base::Workers& workers, Handler& handler);

    /// Listens for turns from here on, or (none) only keeps the sound. Sample rates as audio::Resampler.
    base::Result<void> configure(int input_rate, std::optional<PauseSettings> turns);

    /// The caller's next sound; samples that are not finite become silence. Its rate may be another than that of
    /// configure() and than the time before: nothing is lost in between. Sound at a rate that cannot be resampled is
    /// dropped. `interrupting`: the assistant is speaking, so that more speech is needed to start.
    void push(std::span<const float> samples, int sample_rate, bool interrupting);

    /// Where the sound ends that has come so far.
    Position position() const { return memory_.end(); }
    Position oldest() const { return memory_.begin(); }

    bool in_speech() const { return pauses_ && pauses_->in_speech(); }

    /// The sound from..to, as far as it is there.
    std::vector<float> sound(Position from, Position to) const { return memory_.copy(from, to); }

    /// Turns start afresh: what was being said does not count.
    void reset_turns();

    /// Sound before this is not needed any more.
    void forget_before(Position position) { memory_.forget_before(position); }

    /// Recognizes the sound from..to. `overloaded` when the workers have no room.
    base::Result<void> recognize(base::TurnId turn, Position from, Position to, Expected expected);
    /// The same for a sound that came whole, at any rate that audio::Resampler takes.
    base::Result<void> recognize(base::TurnId turn, std::shared_ptr<const audio::Pcm> sound, Expected expected);

    void cancel(base::TurnId turn);
    void close();

private:
    base::Result<void> set_rate(int input_rate);
    void keep(std::span<const float> samples);
    void hear_window(std::span<const float> window, bool interrupting);
    void finish(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy);

    const ListenSettings settings_;
    const std::shared_ptr<base::Strand> strand_;
    engine::VoiceDetector& detector_;
    engine::Recognizer& recognizer_;
    base::Workers& workers_;
    Handler& handler_;

    std::optional<audio::Resampler> resampler_;
    int input_rate_ = 0;
    SoundMemory memory_;
    std::unique_ptr<engine::VoiceStream> stream_;
    std::optional<PauseSettings> turns_;
    std::optional<PauseDetector> pauses_;
    Position scored_ = 0;         ///< windows before this have been scored
    float speech_level_ = 0.0F;   ///< root mean square of the recent speech
    std::map<base::TurnId, std::stop_source> running_;
    base::Anchor<Listener> anchor_;
};

}  // namespace antiphon::listen
