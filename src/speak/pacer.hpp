// Lets sound out in real time: 20 ms frames on an absolute clock, a short lead ahead.
//
// pure. It also knows what the caller has heard: a client plays a spurt of sound from its first frame on,
// without a break, until it has played all that was sent.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace antiphon::speak {

class Pacer {
public:
    static constexpr base::milliseconds kFrame{20};
    static constexpr base::milliseconds kFade{10};

    Pacer(int sample_rate, base::milliseconds lead);

    void push(std::span<const float> samples);

    /// No more sound will come: the last, shorter frame may go out.
    void finish() { finished_ = true; }

    /// The next frame if it is due. Less than a whole frame waits for more, until finish().
    /// The samples are good until the next push() or clear().
    std::optional<std::span<const float>> next(base::Time now);

    /// When next() has something to give; none while it waits for sound or is held.
    std::optional<base::Time> due() const;

    /// Lets nothing out until resume(); goes on from the exact sample.
    void hold() { held_ = true; }
    void resume() { held_ = false; }
    bool held() const { return held_; }

    /// From the next frame on.
    void set_lead(base::milliseconds lead) { lead_ = lead; }

    /// The last of what was sent did not arrive: it is sent once more, before all that waits.
    void put_back(std::span<const float> samples);

    /// The client did not play the last `unheard` of what was sent, and begins to play it now.
    void rewind(base::Duration unheard, base::Time now);

    /// Throws away what has not been sent, and answers its first 10 ms, faded out, to be sent last.
    std::vector<float> clear();

    std::size_t waiting() const { return sound_.size() - head_; }
    base::Duration waiting_duration() const;

    /// Samples sent, and of these the samples that a client which plays at once has played.
    std::int64_t sent() const { return before_ + spurt_sent_; }
    std::int64_t played(base::Time now) const;

    /// All has been sent and played.
    bool played_out(base::Time now) const { return waiting() == 0 && played(now) >= sent(); }
    /// When that will be so, if nothing more comes.
    base::Time end_of_play() const;

private:
    base::Duration length(std::int64_t samples) const;

    const int sample_rate_;
    base::Duration lead_;
    const std::size_t frame_;
    std::vector<float> sound_;
    std::size_t head_ = 0;  ///< of the sound, where what waits begins
    bool finished_ = false;
    bool held_ = false;
    std::optional<base::Time> spurt_start_;  ///< when the client began to play the spurt
    std::int64_t spurt_sent_ = 0;
    std::int64_t before_ = 0;                ///< samples of earlier spurts, all played
};

}  // namespace antiphon::speak
