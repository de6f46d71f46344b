#include "edge/webrtc_line.hpp"

#include "edge/rtp_packet.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr int kTicksPerSecond = 48000;  ///< of Opus in RTP, whatever it carries (RFC 7587, 4.1)
constexpr std::chrono::seconds kReportEvery{2};
/// Of a stream that has not come for this long another one may take the place.
constexpr base::milliseconds kStreamGone{200};
/// More than this between two packets is not jitter any more.
constexpr base::milliseconds kStalledAfter{200};
/// A packet that is no longer is no sound, but says that none follows for a while (RFC 7587, 3.1.3).
constexpr std::size_t kPausingPacket = 2;
/// What a report may lack beyond a round trip: it was written a moment before it was sent.
constexpr base::milliseconds kReportLags{200};
/// The client's own buffer, about: what its reports say of the jitter, within bounds.
constexpr base::milliseconds kLeastBuffer{20};
constexpr base::milliseconds kMostBuffer{200};
/// Asking for a packet again pays when the answer can come before its turn.
constexpr base::milliseconds kLongestRoundTrip{150};

}  // namespace

WebRtcLine::WebRtcLine(const WebRtcLineSettings& settings, std::shared_ptr<SoundSender> sender,
                       std::shared_ptr<PacketInbox> inbox, listen::SoundReceiver receiver, SendReport send_report,
                       std::function<void()> closing)
    : settings_(settings),
      ntp_(settings.now, settings.wall),
      sender_(std::move(sender)),
      inbox_(std::move(inbox)),
      send_report_(std::move(send_report)),
      receiver_(std::move(receiver)),
      closing_(std::move(closing)) {}

WebRtcLine::~WebRtcLine() = default;

void WebRtcLine::beat(base::Time now, int beats) {
    for (const auto& packet : inbox_->take()) {
        if (is_rtcp(packet.bytes))
            take_reports(packet);
        else
            take_sound(packet);
    }
    watch_well_being(now);
    report(now);
    if (!stream_) return;
    watch_silence(now);
    static constexpr std::array<float, listen::SoundReceiver::kFrame> kSilence{};
    for (int i = beats; i > 0 && user_ && !silent_; --i) {
        // Of several beats at once the earlier ones were due before.
        const auto sound = receiver_.step(now - (i - 1) * BeatSchedule::kBeat);
        const auto user = user_;
        if (sound)
            user->heard(*sound);
        else if (!stalled(now))
            user->heard(kSilence);
    }
}

void WebRtcLine::take_sound(const PacketInbox::Packet& datagram) {
    const auto packet = read_rtp(datagram.bytes);
    if (!packet) return;
    heard_at_ = datagram.arrived;
    if (!settings_.receives || packet->payload_type != settings_.payload_type) return;
    if (!follow(packet->ssrc, datagram.arrived)) return;
    sound_at_ = datagram.arrived;
    pausing_ = packet->payload.size() <= kPausingPacket;
    stream_->received(packet->sequence, packet->timestamp, datagram.arrived);
    if (!packet->payload.empty()) receiver_.put(packet->sequence, packet->timestamp, packet->payload, datagram.arrived);
}

bool WebRtcLine::follow(std::uint32_t ssrc, base::Time arrived) {
    if (stream_ && stream_->ssrc() == ssrc) return true;
    if (stream_) {
        if (arrived - sound_at_ < kStreamGone) return false;
        earlier_ticks_ += stream_->timestamps_passed();
        receiver_.restart();
    }
    stream_.emplace(ssrc, kTicksPerSecond);
    return true;
}

void WebRtcLine::take_reports(const PacketInbox::Packet& datagram) {
    const auto news = read_rtcp(datagram.bytes);
    if (!news) return;
    heard_at_ = datagram.arrived;
    if (news->sender && stream_ && news->sender->ssrc == stream_->ssrc())
        stream_->sender_report(news->sender->info, datagram.arrived);
    for (const ReportBlock& block : news->blocks) {
        if (block.ssrc != settings_.ssrc) continue;
        sender_->reported(block.highest_sequence, block.fraction_lost / 256.0);
        const auto took = round_trip(block, ntp_.middle(datagram.arrived));
        if (took) round_trip_ = took;
        if (settings_.metrics != nullptr) settings_.metrics->reported(block, took, counted_);
        reported_at_ = datagram.arrived;
        reports_keep_up_ = sender_->unreported() * BeatSchedule::kBeat <=
                           round_trip_.value_or(base::Duration::zero()) + kReportLags;
        receiver_jitter_ = std::chrono::duration_cast<base::Duration>(
            std::chrono::duration<double>(block.jitter / static_cast<double>(kTicksPerSecond)));
    }
    for (const auto& missing : news->missing)
        if (missing.ssrc == settings_.ssrc) sender_->resend(missing.sequence, datagram.arrived);
}

bool WebRtcLine::stalled(base::Time now) const {
    // Of a caller who has shown to be there since then, sound has not been held up: it is not sent.
    return !pausing_ && now - sound_at_ > kStalledAfter && std::max(heard_at_, alive_at_) - sound_at_ <= kStalledAfter;
}

void WebRtcLine::watch_silence(base::Time now) {
    const bool silent = now - std::max({sound_at_, heard_at_, alive_at_}) > kSilentFor;
    if (silent == silent_) return;
    silent_ = silent;
    if (const auto user = user_) user->line_silent(silent);
}

void WebRtcLine::watch_well_being(base::Time now) {
    if (now - sound_at_ > kStreamGone) well_since_ = base::Time{};
    else if (well_since_ == base::Time{}) well_since_ = now;
}

void WebRtcLine::report(base::Time now) {
    std::vector<std::uint16_t> missing;
    if (stream_ && settings_.nack && round_trip_ && *round_trip_ < kLongestRoundTrip)
        missing = stream_->ask_again(now, *round_trip_, receiver_.figures().jitter.delay);
    const auto sent = sender_->sent();
    if (report_due_ == base::Time{} && (stream_ || sent.packets > 0)) report_due_ = now;
    const bool due = report_due_ != base::Time{} && now >= report_due_;
    if (!due && missing.empty()) return;
    std::vector<ReportBlock> blocks;
    if (due && stream_)
        if (auto block = stream_->report(now)) blocks.push_back(*block);
    if (due && settings_.metrics != nullptr) count(sent.packets, blocks);
    std::vector<std::uint8_t> packet;
    if (due && sent.packets > 0)
        // Of this moment, not of the next packet's: from it the round trip is measured (RFC 3550, 6.4.1).
        packet = write_sender_report(settings_.ssrc, {ntp_.at(now), sent.timestamp_at(now), sent.packets, sent.octets},
                                     blocks, settings_.cname);
    else
        packet = write_receiver_report(settings_.ssrc, blocks, settings_.cname);
    if (!missing.empty()) append_nack(packet, settings_.ssrc, stream_->ssrc(), missing);
    send_report_(packet);
    if (due) report_due_ = now + kReportEvery;
}

void WebRtcLine::count(std::uint32_t sent, std::span<const ReportBlock> blocks) {
    settings_.metrics->sent(sent, counted_);
    if (blocks.empty()) return;
    settings_.metrics->received(blocks.front(), stream_->packets(), stream_->jitter_seconds(), counted_);
    settings_.metrics->heard(receiver_.figures(), counted_);
}

void WebRtcLine::end() {
    if (const auto user = std::exchange(user_, nullptr)) user->line_ended();
    close();
}

void WebRtcLine::send(std::span<const float> samples) { sender_->queue(samples); }

void WebRtcLine::clear() { sender_->clear(); }

std::int64_t WebRtcLine::received() const {
    // Reports come every few seconds; in between a line that goes on as it did then has brought what was sent.
    const bool well = reports_keep_up_ && well_since_ != base::Time{} && well_since_ <= reported_at_;
    return well ? sender_->given() : sender_->received();
}

base::Duration WebRtcLine::delay() const {
    const base::Duration buffer =
        std::clamp<base::Duration>(2 * receiver_jitter_ + kLeastBuffer, kLeastBuffer, kMostBuffer);
    return sender_->queued() + round_trip_.value_or(base::Duration::zero()) / 2 + buffer;
}

base::Duration WebRtcLine::caller_sound() const {
    if (!stream_) return base::Duration::zero();
    const double ticks = static_cast<double>(earlier_ticks_ + stream_->timestamps_passed());
    return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(ticks / kTicksPerSecond)) +
           BeatSchedule::kBeat - receiver_.waiting();
}

void WebRtcLine::close() {
    if (const auto closing = std::exchange(closing_, nullptr)) closing();
}

}  // namespace antiphon::edge
