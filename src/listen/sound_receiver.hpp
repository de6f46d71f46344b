// The sound of a caller that comes as Opus packets over a network, made whole: every 20 ms of it at 16 kHz.
//
// strand. Packets are put in as they come and step() is called every 20 ms; the jitter buffer puts them in order, the
// reader fills what is lost, and what the delay has too much or too little of is left out or said twice where the
// caller is quiet (a single frame also in speech, when there is much too much of it).
#pragma once

#include "audio/opus_codec.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "listen/jitter_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace antiphon::listen {

struct ReceiverFigures {
    JitterFigures jitter;
    std::uint64_t not_opus = 0;      ///< payloads that were no Opus packet, or too large
    std::uint64_t undecodable = 0;   ///< looked like one and failed in the decoder; concealed
    std::uint64_t left_out = 0;      ///< stretches of up to 20 ms, to bring the delay down
    std::uint64_t said_twice = 0;    ///< stretches of up to 20 ms, to let the delay grow
};

class SoundReceiver {
public:
    static constexpr int kRate = 16000;
    static constexpr std::size_t kFrame = 320;         ///< 20 ms
    static constexpr std::size_t kMaxPayload = 1500;   ///< bytes; a datagram on nearly every network

    static base::Result<SoundReceiver> open(JitterSettings settings = {});

    /// A packet of one sender's stream, `timestamp` at 48 kHz. What is no Opus packet is counted and left.
    void put(std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload,
             base::Time arrived);

    /// The next 20 ms: kFrame samples, finite and within -1..1; none while there is nothing to hear (no packet yet, or
    /// the sender is silent): take it for silence.
    std::optional<std::vector<float>> step(base::Time now);

    /// Another stream comes from now on (a new SSRC): what is held of the old one goes.
    void restart();

    /// How long what was put in and not given yet takes.
    base::Duration waiting() const;

    ReceiverFigures figures() const;

private:
    SoundReceiver(JitterSettings settings, audio::OpusReader reader);

    std::vector<float> sound_of(const JitterBuffer::Step& step, base::Time now);
    bool is_quiet(std::span<const float> samples);
    void keep_delay(std::vector<float>& samples, base::Time end);
    void append(std::vector<float> samples);

    JitterBuffer buffer_;
    audio::OpusReader reader_;
    ReceiverFigures figures_;
    std::vector<float> ready_;      ///< decoded and not given yet: less than the longest packet
    std::vector<float> seam_;       ///< the beginning of what was left out, to fade into what comes after
    float loudness_ = 0;            ///< rms of the loudest frames, fading over seconds
    int since_change_ = 0;          ///< steps since a frame was left out or said twice
};

}  // namespace antiphon::listen
