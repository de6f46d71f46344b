// The sound of the terminal caller's call over WebRTC: Opus in RTP both ways, and its reports.
//
// strand. Driven by beat(), each 20 ms of the caller's clock. What is said while the line cannot take it waits, and is
// made up for where the caller is quiet. Reports go out often: what they have not told, the server says again when the
// call goes on another way.
#pragma once

#include "app/caller_positions.hpp"
#include "audio/opus_codec.hpp"
#include "audio/resampler.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/packet_inbox.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_reception.hpp"
#include "listen/sound_receiver.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace antiphon::app {

struct CallerLineSettings {
    std::uint8_t payload_type = 111;  ///< of Opus, both ways
    std::uint32_t ssrc = 0;
    std::string cname;
    base::Time now{};  ///< the same moment as `wall`
    std::chrono::system_clock::time_point wall{};
};

struct CallerLineFigures {
    std::uint64_t received = 0;   ///< packets of the answer's sound
    std::int64_t lost = 0;        ///< of them, by their numbers
    std::uint64_t recovered = 0;  ///< stretches that were lost, and of which the next packet had a copy
    std::uint64_t concealed = 0;  ///< stretches that were not there at their turn, within what was said
    std::uint64_t sent = 0;       ///< packets of the caller's sound
    std::int64_t sent_lost = 0;   ///< of them, as the server says
};

class CallerLine {
public:
    static constexpr int kRate = 24000;
    static constexpr std::size_t kFrame = 480;  ///< 20 ms
    static constexpr base::milliseconds kBeat{20};
    static constexpr base::milliseconds kReportEvery{100};

    /// Sends one packet.
    using Send = std::function<void(std::span<const std::uint8_t>)>;

    /// `engine` when there is no Opus.
    static base::Result<std::unique_ptr<CallerLine>> open(const CallerLineSettings& settings, Send send);

    /// What came: whether it was sound, or a report; none for what is neither.
    enum class Kind { sound, report };
    std::optional<Kind> take(const edge::PacketInbox::Packet& datagram);

    /// 20 ms have passed. `said`: all that the caller has said since the call's first sample; the next of it goes out
    /// unless `hold`. Gives the next 20 ms of what is heard, silence where nothing came.
    std::vector<float> beat(base::Time now, std::span<const float> said, bool hold);

    const CallerPositions& positions() const { return positions_; }
    CallerPositions& positions() { return positions_; }
    CallerLineFigures figures() const;

private:
    CallerLine(const CallerLineSettings& settings, audio::OpusWriter writer, listen::SoundReceiver receiver,
               audio::Resampler resampler, Send send);

    void take_report(const edge::PacketInbox::Packet& datagram);
    void say(std::span<const float> said);
    /// What was concealed since the packet before this one: where that was the end of what was said, it is no loss.
    void count_concealed(bool counts);
    void report(base::Time now);
    std::vector<float> hear(base::Time now);

    const CallerLineSettings settings_;
    const edge::NtpClock ntp_;
    const Send send_;
    audio::OpusWriter writer_;
    listen::SoundReceiver receiver_;
    audio::Resampler resampler_;  ///< of the receiver's sound
    CallerPositions positions_{kRate};
    CallerLineFigures figures_;
    std::optional<edge::RtpReception> stream_;  ///< of the server, from its first packet on
    std::uint16_t sequence_;
    const std::uint32_t first_timestamp_;
    std::int64_t beats_ = 0;
    std::size_t next_ = 0;  ///< sample of what is said that goes out next
    std::uint32_t octets_ = 0;
    std::uint64_t concealed_before_ = 0;
    base::Time report_due_{};
    double lost_share_ = 0;      ///< of the server's packets, in 256ths
    std::vector<float> heard_;  ///< resampled and not given yet
};

}  // namespace antiphon::app
