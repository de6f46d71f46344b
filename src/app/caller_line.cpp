#include "app/caller_line.hpp"

#include "audio/pcm.hpp"
#include "edge/rtp_packet.hpp"

#include <random>
#include <utility>

namespace antiphon::app {
namespace {

constexpr std::uint32_t kTicksPerSecond = 48000;  ///< of Opus in RTP, whatever it carries (RFC 7587, 4.1)
constexpr std::uint32_t kTicksPerBeat = 960;
constexpr std::size_t kComfort = 2;  ///< bytes: a packet in a pause, with no sound in it
constexpr double kReportWeight = 0.05;
constexpr float kQuietRms = 0.0032F;  ///< -50 dBFS

std::uint32_t random_below(std::uint32_t end) {
    std::random_device source;
    return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(source);
}

}  // namespace

base::Result<std::unique_ptr<CallerLine>> CallerLine::open(const CallerLineSettings& settings, Send send) {
    audio::OpusWriterSettings opus;
    opus.sample_rate = kRate;
    opus.complexity = 9;  // as browsers have it: here is one call only, and Whisper hears the difference
    opus.discontinuous = false;  // so that the server's count of what it has heard follows what is said
    auto writer = audio::OpusWriter::open(opus);
    if (!writer) return writer.error();
    auto receiver = listen::SoundReceiver::open();
    if (!receiver) return receiver.error();
    auto resampler = audio::Resampler::open(listen::SoundReceiver::kRate, kRate);
    if (!resampler) return resampler.error();
    return std::unique_ptr<CallerLine>(new CallerLine(settings, std::move(*writer), std::move(*receiver),
                                                      std::move(*resampler), std::move(send)));
}

CallerLine::CallerLine(const CallerLineSettings& settings, audio::OpusWriter writer, listen::SoundReceiver receiver,
                       audio::Resampler resampler, Send send)
    : settings_(settings),
      ntp_(settings.now, settings.wall),
      send_(std::move(send)),
      writer_(std::move(writer)),
      receiver_(std::move(receiver)),
      resampler_(std::move(resampler)),
      // In the lower half, so that the receiver counts the same number of rounds (RFC 3711, 3.3.1).
      sequence_(static_cast<std::uint16_t>(random_below(1U << 15U))),
      first_timestamp_(random_below(1U << 31U)) {}

std::optional<CallerLine::Kind> CallerLine::take(const edge::PacketInbox::Packet& datagram) {
    if (edge::is_rtcp(datagram.bytes)) {
        take_report(datagram);
        return Kind::report;
    }
    const auto packet = edge::read_rtp(datagram.bytes);
    if (!packet || packet->payload_type != settings_.payload_type) return std::nullopt;
    if (!stream_ || stream_->ssrc() != packet->ssrc) {
        if (stream_) receiver_.restart();
        stream_.emplace(packet->ssrc, static_cast<int>(kTicksPerSecond));
    }
    ++figures_.received;
    stream_->received(packet->sequence, packet->timestamp, datagram.arrived);
    const bool voice = packet->payload.size() > kComfort;
    count_concealed(voice && !packet->marker);
    if (!packet->payload.empty())
        receiver_.put(packet->sequence, packet->timestamp, packet->payload, datagram.arrived);
    return Kind::sound;
}

void CallerLine::count_concealed(bool counts) {
    const std::uint64_t all = receiver_.figures().jitter.concealed;
    if (counts) figures_.concealed += all - concealed_before_;
    concealed_before_ = all;
}

void CallerLine::take_report(const edge::PacketInbox::Packet& datagram) {
    const auto news = edge::read_rtcp(datagram.bytes);
    if (!news) return;
    if (news->sender && stream_ && news->sender->ssrc == stream_->ssrc())
        stream_->sender_report(news->sender->info, datagram.arrived);
    for (const edge::ReportBlock& block : news->blocks) {
        if (block.ssrc != settings_.ssrc) continue;
        writer_.expect_loss(block.fraction_lost / 256.0);
        figures_.sent_lost = block.lost;
    }
}

std::vector<float> CallerLine::beat(base::Time now, std::span<const float> said, bool hold) {
    if (!hold) say(said);
    ++beats_;
    report(now);
    return hear(now);
}

std::vector<float> CallerLine::hear(base::Time now) {
    auto sound = receiver_.step(now);
    if (!sound) sound.emplace(listen::SoundReceiver::kFrame, 0.0F);
    const auto resampled = resampler_.process(*sound);
    heard_.insert(heard_.end(), resampled.begin(), resampled.end());
    // The resampler's own delay, at the beginning: from then on it gives as much as it takes.
    if (heard_.size() < kFrame) heard_.insert(heard_.begin(), kFrame - heard_.size(), 0.0F);
    std::vector<float> frame(heard_.begin(), heard_.begin() + kFrame);
    heard_.erase(heard_.begin(), heard_.begin() + kFrame);
    return frame;
}

void CallerLine::say(std::span<const float> said) {
    const auto waits = [&](std::size_t frames) { return next_ + frames * kFrame <= said.size(); };
    while (waits(2) && audio::rms(said.subspan(next_, kFrame)) < kQuietRms) next_ += kFrame;
    if (!waits(1)) return;
    const auto payload = writer_.encode(said.subspan(next_, kFrame));
    const std::size_t position = std::exchange(next_, next_ + kFrame);
    if (!payload || payload->empty()) return;
    edge::RtpPacket packet;
    packet.marker = figures_.sent == 0;
    packet.payload_type = settings_.payload_type;
    packet.sequence = sequence_++;
    packet.timestamp = first_timestamp_ + static_cast<std::uint32_t>(beats_) * kTicksPerBeat;
    packet.ssrc = settings_.ssrc;
    packet.payload = *payload;
    send_(edge::write_rtp(packet));
    positions_.sent(beats_ * kBeat, kBeat, position);
    ++figures_.sent;
    octets_ += static_cast<std::uint32_t>(payload->size());
}

void CallerLine::report(base::Time now) {
    if (now < report_due_) return;
    report_due_ = now + kReportEvery;
    std::vector<edge::ReportBlock> blocks;
    if (stream_)
        if (auto block = stream_->report(now)) {
            figures_.lost = block->lost;
            // Of so few packets the fraction says little: the server is told the average of the last two seconds.
            lost_share_ += (block->fraction_lost - lost_share_) * kReportWeight;
            block->fraction_lost = static_cast<std::uint8_t>(lost_share_);
            blocks.push_back(*block);
        }
    const auto timestamp = first_timestamp_ + static_cast<std::uint32_t>(beats_) * kTicksPerBeat;
    if (figures_.sent > 0)
        send_(edge::write_sender_report(
            settings_.ssrc, {ntp_.at(now), timestamp, static_cast<std::uint32_t>(figures_.sent), octets_}, blocks,
            settings_.cname));
    else
        send_(edge::write_receiver_report(settings_.ssrc, blocks, settings_.cname));
}

CallerLineFigures CallerLine::figures() const {
    CallerLineFigures figures = figures_;
    figures.recovered = receiver_.figures().jitter.recovered;
    return figures;
}

}  // namespace antiphon::app
