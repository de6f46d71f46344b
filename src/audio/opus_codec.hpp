// Opus (RFC 6716) by libopus: packets to sound and back, one channel.
//
// strand: one owner, one stream each. 20 ms packets are the rule; a reader takes all that Opus allows (2.5 to 120 ms).
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct OpusDecoder;
struct OpusEncoder;

namespace antiphon::audio {

class OpusReader {
public:
    /// 8000, 12000, 16000, 24000 or 48000, whatever the sender used; stereo is mixed down. Else `invalid`.
    static base::Result<OpusReader> open(int sample_rate);

    /// The sound of one packet, finite and within -1..1. `invalid` for what is no Opus packet; the stream goes on with
    /// the next.
    base::Result<std::vector<float>> decode(std::span<const std::uint8_t> packet);

    /// The sound of the lost stretch before `next`, `length` long (2.5 to 120 ms, in steps of 2.5 ms; rounded down to
    /// that): its end from the copy in `next` (in-band FEC) where there is one, else concealed. `next` is to be decoded
    /// afterwards as usual.
    std::vector<float> recover(std::span<const std::uint8_t> next, base::Duration length);

    /// `length` of sound, rounded as above, for what was lost for good: goes on like before and fades out.
    std::vector<float> conceal(base::Duration length);

    /// The length of the packet by its first byte and frame count, without decoding; none if it is no Opus packet.
    static std::optional<base::Duration> length_of(std::span<const std::uint8_t> packet);

    /// Whether the packet carries a copy of the frame before it (in-band FEC; RFC 6716, 4.2.4).
    static bool has_copy(std::span<const std::uint8_t> packet);

private:
    struct Close { void operator()(::OpusDecoder* decoder) const; };
    OpusReader(::OpusDecoder* decoder, int sample_rate) : decoder_(decoder), sample_rate_(sample_rate) {}

    std::size_t samples_in_steps(base::Duration length) const;

    std::unique_ptr<::OpusDecoder, Close> decoder_;
    int sample_rate_;
};

struct OpusWriterSettings {
    int sample_rate = 24000;    ///< 8000, 12000, 16000, 24000 or 48000
    int bits_per_second = 32000;
    int complexity = 1;         ///< 0..10; 2 takes 1.4 to 1.8 times as long for little: docs/benchmarks.md
    bool in_band_fec = true;    ///< copies are sent only when some loss is expected: expect_loss()
    bool discontinuous = true;  ///< DTX: nothing is sent in silence but a packet every 400 ms
};

class OpusWriter {
public:
    /// `invalid` for settings that libopus refuses.
    static base::Result<OpusWriter> open(const OpusWriterSettings& settings);

    /// One packet of 20 ms (sample_rate / 50 samples, else `invalid`); empty when there is nothing to send (DTX).
    base::Result<std::vector<std::uint8_t>> encode(std::span<const float> samples);

    /// What the receiver says it loses, 0..1: more of the bits go into the copies of packets before.
    void expect_loss(double fraction);

private:
    struct Close { void operator()(::OpusEncoder* encoder) const; };
    OpusWriter(::OpusEncoder* encoder, int sample_rate) : encoder_(encoder), sample_rate_(sample_rate) {}

    std::unique_ptr<::OpusEncoder, Close> encoder_;
    int sample_rate_;
};

}  // namespace antiphon::audio
