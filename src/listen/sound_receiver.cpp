#include "listen/sound_receiver.hpp"

#include "audio/pcm.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {
namespace {

// More than the 20 ms of the clock's own grain on either side, so that the delay does not swing.
constexpr base::milliseconds kTooMuch{25};
constexpr base::milliseconds kFarTooMuch{80};
constexpr base::milliseconds kTooLittle{-15};
constexpr int kStepsBetweenChanges = 3;
constexpr int kStepsBetweenCuts = 25;  ///< half a second between frames that are left out of speech

constexpr float kQuietRms = 0.003F;         ///< -50 dBFS
constexpr float kQuietShare = 0.05F;        ///< 26 dB below the loudest of late
constexpr float kLoudnessKept = 0.995F;     ///< of a frame's loudness after the next: 4 s to a third
constexpr std::ptrdiff_t kSeam = 80;        ///< samples, 5 ms

}  // namespace

base::Result<SoundReceiver> SoundReceiver::open(JitterSettings settings) {
    auto reader = audio::OpusReader::open(kRate);
    if (!reader) return reader.error();
    return SoundReceiver(settings, std::move(*reader));
}

SoundReceiver::SoundReceiver(JitterSettings settings, audio::OpusReader reader)
    : buffer_(settings), reader_(std::move(reader)) {}

void SoundReceiver::put(std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload,
                        base::Time arrived) {
    const auto length = payload.size() <= kMaxPayload ? audio::OpusReader::length_of(payload) : std::nullopt;
    if (!length) {
        ++figures_.not_opus;
        return;
    }
    buffer_.put({sequence, timestamp, *length, audio::OpusReader::has_copy(payload), {payload.begin(), payload.end()}},
                arrived);
}

std::optional<std::vector<float>> SoundReceiver::step(base::Time now) {
    ++since_change_;
    while (ready_.size() < kFrame) {
        const JitterBuffer::Step next = buffer_.next(now);
        if (next.kind == JitterBuffer::Step::Kind::nothing) {
            if (ready_.empty()) return std::nullopt;
            ready_.resize(kFrame, 0.0F);  // the end of what was said before the silence
            break;
        }
        append(sound_of(next, now));
    }
    std::vector<float> frame(ready_.begin(), ready_.begin() + kFrame);
    ready_.erase(ready_.begin(), ready_.begin() + kFrame);
    return frame;
}

std::vector<float> SoundReceiver::sound_of(const JitterBuffer::Step& step, base::Time now) {
    if (step.kind == JitterBuffer::Step::Kind::conceal) return reader_.conceal(step.length);
    if (step.kind == JitterBuffer::Step::Kind::recover) return reader_.recover(step.payload, step.length);
    auto decoded = reader_.decode(step.payload);
    if (!decoded) {
        ++figures_.undecodable;
        return reader_.conceal(step.length);
    }
    keep_delay(*decoded, now + step.length);
    return std::move(*decoded);
}

void SoundReceiver::append(std::vector<float> samples) {
    if (!samples.empty()) {
        const std::size_t seam = std::min(seam_.size(), samples.size());
        for (std::size_t i = 0; i < seam; ++i) {
            const float share = static_cast<float>(i) / static_cast<float>(seam);
            samples[i] = samples[i] * share + seam_[i] * (1.0F - share);
        }
        seam_.clear();
    }
    ready_.insert(ready_.end(), samples.begin(), samples.end());
}

bool SoundReceiver::is_quiet(std::span<const float> samples) {
    const float rms = audio::rms(samples);
    loudness_ = std::max(rms, loudness_ * kLoudnessKept);
    return rms < std::max(kQuietRms, loudness_ * kQuietShare);
}

void SoundReceiver::keep_delay(std::vector<float>& samples, base::Time end) {
    const bool quiet = is_quiet(samples);
    if (since_change_ < kStepsBetweenChanges) return;
    const auto stretch = static_cast<std::ptrdiff_t>(std::min(samples.size(), kFrame));
    const base::Duration surplus = buffer_.surplus(end);
    if (quiet ? surplus > kTooMuch : surplus > kFarTooMuch && since_change_ >= kStepsBetweenCuts) {
        seam_.assign(samples.begin(), samples.begin() + std::min<std::ptrdiff_t>(stretch, kSeam));
        samples.erase(samples.begin(), samples.begin() + stretch);
        ++figures_.left_out;
        since_change_ = 0;
    } else if (quiet && surplus < kTooLittle) {
        const std::vector<float> again(samples.end() - stretch, samples.end());
        samples.insert(samples.end(), again.begin(), again.end());
        ++figures_.said_twice;
        since_change_ = 0;
    }
}

void SoundReceiver::restart() {
    buffer_.restart();
    ready_.clear();
    seam_.clear();
}

base::Duration SoundReceiver::waiting() const { return buffer_.waiting() + audio::duration_of(ready_.size(), kRate); }

ReceiverFigures SoundReceiver::figures() const {
    ReceiverFigures figures = figures_;
    figures.jitter = buffer_.figures();
    return figures;
}

}  // namespace antiphon::listen
