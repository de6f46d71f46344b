// The sound of a call over WebRTC: RTP in both directions, and the reports that tell how it fares.
//
// strand. Driven by beat(), every 20 ms; what comes in between waits in the inbox.
//
// A caller who is silent sends silence, or says with its last packet that it stops (DTX). A line that merely stops is
// broken: it gives no silence then, which the call would take for the end of the caller's turn.
#pragma once

#include "base/clock.hpp"
#include "edge/line_metrics.hpp"
#include "edge/media_line.hpp"
#include "edge/packet_inbox.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_reception.hpp"
#include "edge/sound_sender.hpp"
#include "listen/sound_receiver.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace antiphon::edge {

struct WebRtcLineSettings {
    std::uint8_t payload_type = 111;  ///< of Opus, both ways
    std::uint32_t ssrc = 0;           ///< ours
    std::string cname;
    bool receives = true;  ///< the client sends
    bool nack = false;     ///< the client resends what is asked for
    LineMetrics* metrics = nullptr;  ///< none: nothing is counted
    base::Time now{};      ///< the same moment as `wall`
    std::chrono::system_clock::time_point wall{};
};

class WebRtcLine final : public MediaLine {
public:
    /// Sends one RTCP packet.
    using SendReport = std::function<void(std::span<const std::uint8_t>)>;

    /// `closing` is told once that this side ends the line.
    WebRtcLine(const WebRtcLineSettings& settings, std::shared_ptr<SoundSender> sender,
               std::shared_ptr<PacketInbox> inbox, listen::SoundReceiver receiver, SendReport send_report,
               std::function<void()> closing);
    ~WebRtcLine() override;

    void use(std::shared_ptr<MediaUser> user) { user_ = std::move(user); }

    /// Takes what has come and gives the user `beats` times 20 ms.
    void beat(base::Time now, int beats);

    /// When a packet came from the client; the epoch before.
    base::Time heard_at() const { return heard_at_; }

    /// The client has shown in another way that it is there: a line that only listens is not silent.
    void alive(base::Time at) { alive_at_ = at; }

    /// The connection is gone. Tells the user, once.
    void end();

    void send(std::span<const float> samples) override;
    void clear() override;
    std::int64_t received() const override;
    base::Duration delay() const override;
    base::Duration caller_sound() const override;
    void close() override;

private:
    void take_sound(const PacketInbox::Packet& packet);
    void take_reports(const PacketInbox::Packet& packet);
    /// Whether the packet is of the stream that is listened to; another one takes its place when it has gone quiet.
    bool follow(std::uint32_t ssrc, base::Time arrived);
    /// Whether packets are missing that the caller did not keep back.
    bool stalled(base::Time now) const;
    void watch_silence(base::Time now);
    void watch_well_being(base::Time now);
    void report(base::Time now);
    void count(std::uint32_t sent, std::span<const ReportBlock> blocks);

    const WebRtcLineSettings settings_;
    const NtpClock ntp_;
    const std::shared_ptr<SoundSender> sender_;
    const std::shared_ptr<PacketInbox> inbox_;
    const SendReport send_report_;
    listen::SoundReceiver receiver_;
    std::function<void()> closing_;
    std::shared_ptr<MediaUser> user_;  ///< none after the end
    base::Time heard_at_{};
    base::Time alive_at_{};
    base::Time well_since_{};          ///< packets of sound have come without a pause
    base::Time reported_at_{};         ///< when the client last told what it has of ours
    bool reports_keep_up_ = false;     ///< that was all that could have come to it

    std::optional<RtpReception> stream_;  ///< of the caller, from its first packet on
    base::Time sound_at_{};               ///< when its last packet came
    std::int64_t earlier_ticks_ = 0;      ///< of the streams before, at 48 kHz
    bool pausing_ = false;                ///< so it said
    bool silent_ = false;

    base::Time report_due_{};
    std::optional<base::Duration> round_trip_;
    base::Duration receiver_jitter_{};

    LineCounted counted_;  ///< of what is in the metrics already
};

}  // namespace antiphon::edge
