// The sound of a call that does not travel in its messages: RTP.
//
// strand: both sides live on the call's strand. The line keeps its own 20 ms clock: it gives the caller's sound in
// steps of 20 ms also when nothing comes, and sends what is queued in steps of 20 ms.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace antiphon::edge {

/// The side that uses one line; a late word of a line is never taken for that of another one.
class MediaUser {
public:
    virtual ~MediaUser() = default;

    /// The caller's next sound, at 16 kHz; the first call says that media flows. Silence where nothing came.
    virtual void heard(std::span<const float> samples) = 0;

    /// Nothing has come for long enough that the line is taken for dead (MediaLine::kSilentFor), or it came back. The
    /// line goes on meanwhile, but gives no sound.
    virtual void line_silent(bool silent) = 0;

    /// The last thing a line says, exactly once.
    virtual void line_ended() = 0;
};

class MediaLine {
public:
    static constexpr base::milliseconds kSilentFor{3000};
    static constexpr int kOutputRate = 24000;

    virtual ~MediaLine() = default;

    /// Queues sound at kOutputRate to be sent. Holds at most a second: beyond that the oldest goes.
    virtual void send(std::span<const float> samples) = 0;

    /// Drops what is queued; what is being sent fades out within 10 ms.
    virtual void clear() = 0;

    /// How much of all that was given to send() the caller's side is known to have received (RTCP receiver reports),
    /// in samples; what was cleared counts as received. What has been sent but not reported yet is in it only while the
    /// line is well: the last report had all that could have come, and the caller's packets have come since.
    virtual std::int64_t received() const = 0;

    /// How long sound takes from send() to the caller's ear, as far as can be told: what is queued here, half the round
    /// trip, and the receiver's own buffer (from its reports).
    virtual base::Duration delay() const = 0;

    /// How much of the caller's sound the user was given since the line's first packet, by the packets' own timestamps:
    /// what was lost on the way and what the sender left out in its silence (DTX) counts, what waits in the jitter
    /// buffer does not. Where a client that keeps its microphone's sound goes on over another line.
    virtual base::Duration caller_sound() const = 0;

    virtual void close() = 0;
};

}  // namespace antiphon::edge
