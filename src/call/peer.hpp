// The other end of a call, as the call sees it: something that takes events and sound.
//
// Implemented by the edge (a WebSocket session, a WebRTC peer) and by the scenes. Every method is called
// on the call's strand and must neither block nor call back into the Call: what it cannot send at once
// it queues within a bound of its own.
#pragma once

#include "base/clock.hpp"
#include "call/call_event.hpp"

#include <span>

namespace antiphon::call {

class Peer {
public:
    virtual ~Peer() = default;

    virtual void send(const CallEvent& event) = 0;

    /// The next 20 ms or less of the answer, at the session's output rate, paced in real time but for a
    /// short lead (CallSettings::speak.lead).
    virtual void send_audio(const ResponsePart& part, std::span<const float> samples) = 0;

    /// What was sent but not yet played is not wanted any more: the caller has interrupted.
    virtual void clear_audio() = 0;

    /// Call::summary() is another one.
    virtual void summary_changed() {}

    /// How far the caller's ear is behind what was sent, beyond playing it at once and in real time: what was heard when
    /// somebody interrupts, and when an answer has been heard to its end, count from it.
    virtual base::Duration ear_lag() const { return base::Duration::zero(); }

    /// The most that sound is to be sent ahead of real time, where that is less than the settings' lead: a line that
    /// paces by itself needs none.
    virtual base::milliseconds longest_lead() const { return base::milliseconds::max(); }
};

}  // namespace antiphon::call
