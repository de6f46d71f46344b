// What goes out on a media line: queued sound becomes Opus in RTP, one packet of 20 ms a beat.
//
// thread-safe: fed on the call's strand, sent on the media clock's thread. In silence nothing is encoded, and only a
// tiny packet goes out every 400 ms, as a sender with DTX does (RFC 7587, 3.1.3), which keeps the listener's comfort
// noise and its reports going. The marker bit says that a talk spurt begins (RFC 3551, 4.1).
#pragma once

#include "audio/opus_codec.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/media_clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace antiphon::edge {

struct SoundSenderSettings {
    audio::OpusWriterSettings opus;
    std::uint8_t payload_type = 111;
    std::uint32_t ssrc = 0;
};

class SoundSender final : public MediaClock::Line {
public:
    static constexpr base::milliseconds kMaxQueued{1000};
    static constexpr base::milliseconds kComfort{400};

    /// Sends one RTP packet. On the clock's thread, or that of resend(); under no lock.
    using Send = std::function<void(std::span<const std::uint8_t>)>;
    /// Called on the clock's thread at each beat, after the sending.
    using Beaten = std::function<void(base::Time now)>;

    /// `invalid` for an encoder that libopus does not make.
    static base::Result<std::shared_ptr<SoundSender>> open(const SoundSenderSettings& settings, Send send,
                                                           Beaten beaten);

    void beat(base::Time now) override;

    /// The way is open: until then what is queued waits, and its time does not pass.
    void open() { open_ = true; }

    /// Sound at the encoder's rate. Beyond kMaxQueued the oldest goes.
    void queue(std::span<const float> samples);
    /// Drops what waits, but for 10 ms that fade out.
    void clear();
    /// How long what waits takes.
    base::Duration queued() const;

    /// What the receiver said: packets up to this one have come, and how much of the last ones was lost. A report that
    /// most were lost confirms none.
    void reported(std::uint32_t highest_sequence, double lost);
    /// Sends the packet again if it is not older than half a second (RFC 4585, generic NACK); each at most twice.
    void resend(std::uint16_t sequence, base::Time now);

    /// In samples of all that was queued: what the receiver reported, and what was dropped.
    std::int64_t received() const;
    /// What was sent, and what was dropped.
    std::int64_t given() const;
    /// How many packets were sent after the last one that was reported.
    std::size_t unreported() const;

    /// For sender reports (RFC 3550, 6.4.1).
    struct Sent {
        std::uint32_t packets = 0;
        std::uint32_t octets = 0;     ///< of payload
        std::uint32_t timestamp = 0;  ///< of what is sent at `at`
        base::Time at{};

        /// What the packets' timestamps would be at another moment.
        std::uint32_t timestamp_at(base::Time when) const;
    };
    Sent sent() const;

private:
    struct Mark {
        std::uint32_t sequence = 0;
        std::int64_t position = 0;  ///< of what was sent, at the packet's end
    };
    struct Kept {
        std::uint16_t sequence = 0;
        base::Time sent{};
        int resends = 0;
        std::vector<std::uint8_t> bytes;
    };

    SoundSender(const SoundSenderSettings& settings, audio::OpusWriter writer, Send send, Beaten beaten);
    /// What this beat sends; empty for nothing.
    std::vector<std::uint8_t> next_payload(base::Time now);
    /// The next 20 ms of what waits; silence where nothing does, none while a frame begins to fill.
    std::vector<float> take_frame();
    std::vector<std::uint8_t> pack(std::span<const std::uint8_t> payload, base::Time now);

    const SoundSenderSettings settings_;
    const std::size_t frame_;  ///< samples of 20 ms
    const std::size_t max_queued_;
    const Send send_;
    const Beaten beaten_;

    // The clock's thread only.
    audio::OpusWriter writer_;
    bool talking_ = false;  ///< from the first sound to the end of the silence that is encoded after the last
    bool spurt_begins_ = true;
    bool waited_ = false;  ///< for the rest of a spurt's first frame
    int silent_beats_ = 0;
    std::uint8_t toc_;  ///< of the last packet with sound
    base::Time last_sent_{};

    std::atomic<bool> open_ = false;
    std::atomic<double> loss_ = 0;  ///< what the receiver says it loses
    mutable std::mutex mutex_;
    std::deque<float> queue_;
    std::int64_t dropped_ = 0;    ///< samples that were queued and never sent
    std::int64_t position_ = 0;   ///< samples that were taken to be sent
    std::int64_t confirmed_ = 0;  ///< of these, what was reported
    std::uint32_t sequence_;      ///< of the next packet; its lower half goes out
    std::uint32_t timestamp_;     ///< of this beat
    base::Time beat_at_{};
    std::uint32_t packets_ = 0;
    std::uint32_t octets_ = 0;
    std::deque<Mark> unconfirmed_;
    std::deque<Kept> kept_;
};

}  // namespace antiphon::edge
