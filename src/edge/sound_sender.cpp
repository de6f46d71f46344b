#include "edge/sound_sender.hpp"

#include "audio/pcm.hpp"
#include "edge/rtp_packet.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::uint32_t kTicksPerBeat = 960;   ///< RTP's clock for Opus is 48 kHz (RFC 7587, 4.1)
constexpr int kSilentBeats = 20;               ///< encoded after the last sound, so that it fades as the codec fades
constexpr std::uint8_t kSilentToc = 9U << 3U;  ///< SILK, wideband, 20 ms, one frame (RFC 6716, 3.1)
constexpr std::size_t kMaxUnconfirmed = 3000;  ///< packets: a minute without a report
constexpr std::size_t kMaxKept = 25;
constexpr base::milliseconds kKeptFor{500};
constexpr int kMaxResends = 2;
/// More than this is no loss of single packets any more: the way was cut for a while.
constexpr double kCut = 0.3;

std::uint32_t random_number(std::uint32_t below) {
    std::random_device source;
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(source);
}

}  // namespace

base::Result<std::shared_ptr<SoundSender>> SoundSender::open(const SoundSenderSettings& settings, Send send,
                                                             Beaten beaten) {
    auto writer = audio::OpusWriter::open(settings.opus);
    if (!writer) return writer.error();
    return std::shared_ptr<SoundSender>(
        new SoundSender(settings, std::move(*writer), std::move(send), std::move(beaten)));
}

SoundSender::SoundSender(const SoundSenderSettings& settings, audio::OpusWriter writer, Send send, Beaten beaten)
    : settings_(settings),
      frame_(static_cast<std::size_t>(settings.opus.sample_rate) / 50),
      max_queued_(audio::samples_in(kMaxQueued, settings.opus.sample_rate)),
      send_(std::move(send)),
      beaten_(std::move(beaten)),
      writer_(std::move(writer)),
      toc_(kSilentToc),
      // In the lower half, so that the receiver counts the same number of rounds (RFC 3711, 3.3.1).
      sequence_(random_number(1U << 15U)),
      timestamp_(random_number(1U << 31U)) {}

std::uint32_t SoundSender::Sent::timestamp_at(base::Time when) const {
    const auto beats = std::chrono::duration<double>(when - at) / BeatSchedule::kBeat;
    return timestamp + static_cast<std::uint32_t>(std::llround(beats * kTicksPerBeat));
}

void SoundSender::beat(base::Time now) {
    if (!open_) return beaten_(now);
    if (const double loss = loss_.exchange(-1); loss >= 0) writer_.expect_loss(loss);
    const auto payload = next_payload(now);
    if (!payload.empty()) send_(pack(payload, now));
    {
        const std::scoped_lock lock(mutex_);
        timestamp_ += kTicksPerBeat;
        beat_at_ = now + BeatSchedule::kBeat;
    }
    beaten_(now);
}

std::vector<std::uint8_t> SoundSender::next_payload(base::Time now) {
    const std::vector<float> frame = take_frame();
    if (!frame.empty()) {
        auto payload = writer_.encode(frame);
        if (!payload || payload->empty()) return {};
        toc_ = (*payload)[0];
        return std::move(*payload);
    }
    if (talking_ || now - last_sent_ < kComfort) return {};
    // A frame of no bytes: the receiver makes the silence that it knows from before.
    constexpr std::uint8_t kOneFrame = 0xFC;
    return {static_cast<std::uint8_t>(toc_ & kOneFrame)};
}

std::vector<float> SoundSender::take_frame() {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty()) {
        waited_ = false;
        if (!talking_) return {};
        if (++silent_beats_ > kSilentBeats) {
            talking_ = false;
            spurt_begins_ = true;
            return {};
        }
        return std::vector<float>(frame_, 0.0F);
    }
    if (!talking_ && queue_.size() < frame_ && !std::exchange(waited_, true)) return {};
    waited_ = false;
    talking_ = true;
    silent_beats_ = 0;
    const std::size_t count = std::min(frame_, queue_.size());
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<float> frame(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    position_ += static_cast<std::int64_t>(count);
    frame.resize(frame_, 0.0F);
    return frame;
}

std::vector<std::uint8_t> SoundSender::pack(std::span<const std::uint8_t> payload, base::Time now) {
    const bool marker = talking_ && std::exchange(spurt_begins_, false);
    last_sent_ = now;
    const std::scoped_lock lock(mutex_);
    const std::uint32_t sequence = sequence_++;
    RtpPacket rtp;
    rtp.marker = marker;
    rtp.payload_type = settings_.payload_type;
    rtp.sequence = static_cast<std::uint16_t>(sequence);
    rtp.timestamp = timestamp_;
    rtp.ssrc = settings_.ssrc;
    rtp.payload = payload;
    std::vector<std::uint8_t> packet = write_rtp(rtp);
    ++packets_;
    octets_ += static_cast<std::uint32_t>(payload.size());
    unconfirmed_.push_back({sequence, position_});
    if (unconfirmed_.size() > kMaxUnconfirmed) unconfirmed_.pop_front();
    kept_.push_back({static_cast<std::uint16_t>(sequence), now, 0, packet});
    if (kept_.size() > kMaxKept) kept_.pop_front();
    return packet;
}

void SoundSender::queue(std::span<const float> samples) {
    const std::scoped_lock lock(mutex_);
    queue_.insert(queue_.end(), samples.begin(), samples.end());
    if (queue_.size() <= max_queued_) return;
    const std::size_t excess = queue_.size() - max_queued_;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(excess));
    dropped_ += static_cast<std::int64_t>(excess);
}

void SoundSender::clear() {
    const std::scoped_lock lock(mutex_);
    const std::size_t fade = std::min(queue_.size(), frame_ / 2);
    dropped_ += static_cast<std::int64_t>(queue_.size() - fade);
    queue_.resize(fade);
    for (std::size_t i = 0; i < fade; ++i) queue_[i] *= static_cast<float>(fade - i) / static_cast<float>(fade + 1);
}

base::Duration SoundSender::queued() const {
    const std::scoped_lock lock(mutex_);
    return audio::duration_of(queue_.size(), settings_.opus.sample_rate);
}

void SoundSender::reported(std::uint32_t highest_sequence, double lost) {
    loss_ = lost;
    const std::scoped_lock lock(mutex_);
    if (highest_sequence >= sequence_) return;  // of no packet of ours
    if (lost > kCut) return;                    // what came after the cut says nothing of what was sent meanwhile
    while (!unconfirmed_.empty() && unconfirmed_.front().sequence <= highest_sequence) {
        confirmed_ = unconfirmed_.front().position;
        unconfirmed_.pop_front();
    }
}

void SoundSender::resend(std::uint16_t sequence, base::Time now) {
    std::vector<std::uint8_t> again;
    {
        const std::scoped_lock lock(mutex_);
        const auto packet =
            std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.sequence == sequence; });
        if (packet == kept_.end() || now - packet->sent > kKeptFor || packet->resends == kMaxResends) return;
        ++packet->resends;
        again = packet->bytes;
    }
    send_(again);
}

std::int64_t SoundSender::received() const {
    const std::scoped_lock lock(mutex_);
    return confirmed_ + dropped_;
}

std::int64_t SoundSender::given() const {
    const std::scoped_lock lock(mutex_);
    return position_ + dropped_;
}

std::size_t SoundSender::unreported() const {
    const std::scoped_lock lock(mutex_);
    return unconfirmed_.size();
}

SoundSender::Sent SoundSender::sent() const {
    const std::scoped_lock lock(mutex_);
    return {packets_, octets_, timestamp_, beat_at_};
}

}  // namespace antiphon::edge
