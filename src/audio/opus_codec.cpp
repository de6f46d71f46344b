#include "audio/opus_codec.hpp"

#include "audio/pcm.hpp"

#include <opus.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>

namespace antiphon::audio {
namespace {

constexpr std::size_t kLongestPerSecond = 8;   ///< 120 ms is less than 1/8 s
constexpr std::size_t kStepsPerSecond = 400;   ///< 2.5 ms
constexpr std::size_t kMostSteps = 48;         ///< 120 ms
constexpr std::size_t kMaxPacket = 1275;       ///< of one frame (RFC 6716, 3.2.1)
constexpr std::size_t kNothingToSend = 2;      ///< opus_encode: packets up to this size need not be sent

opus_int32 size_of(std::span<const std::uint8_t> packet) { return static_cast<opus_int32>(packet.size()); }

base::Error failure(int code) {
    return base::error(base::Errc::invalid, std::string("no Opus packet: ") + opus_strerror(code));
}

/// Hostile packets can decode to anything; what comes after relies on finite sound within bounds.
void tame(std::vector<float>& samples) {
    for (float& sample : samples) sample = std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
}

}  // namespace

void OpusReader::Close::operator()(::OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
void OpusWriter::Close::operator()(::OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }

base::Result<OpusReader> OpusReader::open(int sample_rate) {
    int code = OPUS_OK;
    ::OpusDecoder* decoder = opus_decoder_create(sample_rate, 1, &code);
    if (decoder == nullptr)
        return base::error(base::Errc::invalid,
                           "no Opus reader at " + std::to_string(sample_rate) + " Hz: " + opus_strerror(code));
    return OpusReader(decoder, sample_rate);
}

base::Result<std::vector<float>> OpusReader::decode(std::span<const std::uint8_t> packet) {
    // To libopus an empty packet is a lost one.
    if (packet.empty()) return failure(OPUS_INVALID_PACKET);
    std::vector<float> samples(static_cast<std::size_t>(sample_rate_) / kLongestPerSecond);
    const int made = opus_decode_float(decoder_.get(), packet.data(), size_of(packet), samples.data(),
                                       static_cast<int>(samples.size()), 0);
    if (made < 0) return failure(made);
    samples.resize(static_cast<std::size_t>(made));
    tame(samples);
    return samples;
}

std::size_t OpusReader::samples_in_steps(base::Duration length) const {
    const auto step = static_cast<std::size_t>(sample_rate_) / kStepsPerSecond;
    const auto whole = samples_in(std::max(length, base::Duration::zero()), sample_rate_) / step;
    return std::clamp<std::size_t>(whole, 1, kMostSteps) * step;
}

std::vector<float> OpusReader::recover(std::span<const std::uint8_t> next, base::Duration length) {
    if (next.empty()) return conceal(length);
    std::vector<float> samples(samples_in_steps(length));
    const int made = opus_decode_float(decoder_.get(), next.data(), size_of(next), samples.data(),
                                       static_cast<int>(samples.size()), 1);
    if (made < 0) return conceal(length);
    samples.resize(static_cast<std::size_t>(made));
    tame(samples);
    return samples;
}

std::vector<float> OpusReader::conceal(base::Duration length) {
    std::vector<float> samples(samples_in_steps(length));
    const int made = opus_decode_float(decoder_.get(), nullptr, 0, samples.data(), static_cast<int>(samples.size()), 0);
    if (made < 0) std::fill(samples.begin(), samples.end(), 0.0F);
    tame(samples);
    return samples;
}

std::optional<base::Duration> OpusReader::length_of(std::span<const std::uint8_t> packet) {
    if (packet.empty()) return std::nullopt;
    std::array<const unsigned char*, 48> frames{};
    std::array<opus_int16, 48> sizes{};
    const int count = opus_packet_parse(packet.data(), size_of(packet), nullptr, frames.data(), sizes.data(), nullptr);
    if (count <= 0) return std::nullopt;
    const int samples = count * opus_packet_get_samples_per_frame(packet.data(), 48000);
    return duration_of(static_cast<std::size_t>(samples), 48000);
}

bool OpusReader::has_copy(std::span<const std::uint8_t> packet) {
    constexpr std::uint8_t kCeltOnly = 0x80;
    if (packet.empty() || (packet[0] & kCeltOnly) != 0) return false;
    std::array<const unsigned char*, 48> frames{};
    std::array<opus_int16, 48> sizes{};
    const int count = opus_packet_parse(packet.data(), size_of(packet), nullptr, frames.data(), sizes.data(), nullptr);
    if (count <= 0 || sizes[0] == 0) return false;
    // A SILK frame begins, for each channel, with a bit of activity for each 20 ms and then the copy's flag; bits of
    // even odds lie unchanged at the front of the range coder's stream.
    const int activity_bits = std::max(1, opus_packet_get_samples_per_frame(packet.data(), 48000) / 960);
    const auto flags = static_cast<unsigned>(frames[0][0]);
    const bool first = ((flags >> (7 - activity_bits)) & 1U) != 0;
    const bool second =
        opus_packet_get_nb_channels(packet.data()) == 2 && ((flags >> (6 - 2 * activity_bits)) & 1U) != 0;
    return first || second;
}

base::Result<OpusWriter> OpusWriter::open(const OpusWriterSettings& settings) {
    int code = OPUS_OK;
    ::OpusEncoder* encoder = opus_encoder_create(settings.sample_rate, 1, OPUS_APPLICATION_VOIP, &code);
    if (encoder == nullptr)
        return base::error(base::Errc::invalid,
                           "no Opus writer at " + std::to_string(settings.sample_rate) + " Hz: " + opus_strerror(code));
    OpusWriter made(encoder, settings.sample_rate);
    for (const int result : {opus_encoder_ctl(encoder, OPUS_SET_BITRATE(settings.bits_per_second)),
                             opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(settings.complexity)),
                             opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)),
                             opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(settings.in_band_fec ? 1 : 0)),
                             opus_encoder_ctl(encoder, OPUS_SET_DTX(settings.discontinuous ? 1 : 0))})
        if (result != OPUS_OK)
            return base::error(base::Errc::invalid, std::string("no such Opus writer: ") + opus_strerror(result));
    return made;
}

base::Result<std::vector<std::uint8_t>> OpusWriter::encode(std::span<const float> samples) {
    const auto wanted = static_cast<std::size_t>(sample_rate_ / 50);
    if (samples.size() != wanted)
        return base::error(base::Errc::invalid, std::to_string(samples.size()) + " samples are not the " +
                                                    std::to_string(wanted) + " of 20 ms");
    if (!all_finite(samples)) return base::error(base::Errc::invalid, "sound with samples that are no numbers");
    std::vector<std::uint8_t> packet(kMaxPacket);
    const opus_int32 size = opus_encode_float(encoder_.get(), samples.data(), static_cast<int>(samples.size()),
                                              packet.data(), size_of(packet));
    if (size < 0) return base::error(base::Errc::engine, std::string("Opus: ") + opus_strerror(size));
    packet.resize(static_cast<std::size_t>(size) <= kNothingToSend ? 0 : static_cast<std::size_t>(size));
    return packet;
}

void OpusWriter::expect_loss(double fraction) {
    const double percent = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) * 100.0 : 0.0;
    opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<int>(std::lround(percent))));
}

}  // namespace antiphon::audio
