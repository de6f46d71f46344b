// libFuzzer's entry for what comes over the media port: RTP with Opus, and RTCP. The input is a list of datagrams, each
// after its length in two bytes; 20 ms of sound are taken after each. The sound is always whole and finite, and what is
// written of what was read says the same again.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -I/usr/include/opus -o rtp_fuzz
//         tests/fuzz/rtp_fuzz.cpp src/edge/{rtp_packet,rtp_reception,rtcp_report,resend_buffer}.cpp
//         src/listen/{jitter_buffer,sound_receiver}.cpp src/audio/{opus_codec,pcm}.cpp src/base/error.cpp -lopus
//     ./rtp_fuzz -max_len=8192 tests/fuzz/corpus/rtp
#include "audio/pcm.hpp"
#include "edge/resend_buffer.hpp"
#include "edge/rtcp_report.hpp"
#include "edge/rtp_packet.hpp"
#include "edge/rtp_reception.hpp"
#include "listen/sound_receiver.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace antiphon {
namespace {

class Line {
public:
    Line() : receiver_(*listen::SoundReceiver::open()) {}

    void datagram(std::span<const std::uint8_t> bytes) {
        if (edge::is_rtcp(bytes)) reports(bytes);
        else sound(bytes);
        now_ += base::milliseconds(20);
        if (const auto frame = receiver_.step(now_)) {
            if (frame->size() != listen::SoundReceiver::kFrame || !audio::all_finite(*frame)) std::abort();
            if (std::any_of(frame->begin(), frame->end(), [](float sample) { return std::abs(sample) > 1.0F; }))
                std::abort();
        }
    }

private:
    void sound(std::span<const std::uint8_t> bytes) {
        const auto packet = edge::read_rtp(bytes);
        if (!packet) return;
        if (packet->payload.size() + packet->extension.size() + 12 > bytes.size()) std::abort();
        for (const std::uint8_t number : std::initializer_list<std::uint8_t>{1, 3, 14, 15, 200})
            if (const auto level = edge::audio_level(*packet, number); level && (level->dbov > 0 || level->dbov < -127))
                std::abort();
        const auto again = edge::write_rtp(*packet);
        const auto reread = edge::read_rtp(again);
        if (!reread || reread->sequence != packet->sequence || reread->timestamp != packet->timestamp ||
            reread->ssrc != packet->ssrc || reread->marker != packet->marker ||
            !std::equal(reread->payload.begin(), reread->payload.end(), packet->payload.begin(), packet->payload.end()))
            std::abort();
        reception_.received(packet->sequence, packet->timestamp, now_);
        receiver_.put(packet->sequence, packet->timestamp, packet->payload, now_);
        resend_.sent(packet->sequence, again, now_);
    }

    void reports(std::span<const std::uint8_t> bytes) {
        const auto news = edge::read_rtcp(bytes);
        if (!news) return;
        if (news->blocks.size() > edge::kMaxBlocks || news->gone.size() > edge::kMaxBlocks ||
            news->missing.size() > edge::kMaxMissing)
            std::abort();
        if (news->sender) reception_.sender_report(news->sender->info, now_);
        for (const auto& block : news->blocks)
            if (const auto trip = edge::round_trip(block, clock_.middle(now_)); trip && *trip < base::Duration::zero())
                std::abort();
        for (const auto& missing : news->missing) (void)resend_.again(missing.sequence, now_, base::milliseconds(50));
        auto written = edge::write_receiver_report(1, news->blocks, "fuzz");
        edge::append_nack(written, 1, 2, reception_.ask_again(now_, base::milliseconds(30), base::milliseconds(150)));
        edge::append_goodbye(written, 1);
        const auto reread = edge::read_rtcp(written);
        if (!reread || reread->blocks.size() != news->blocks.size() || reread->gone.size() != 1) std::abort();
        for (std::size_t i = 0; i < news->blocks.size(); ++i)
            if (reread->blocks[i].lost != news->blocks[i].lost || reread->blocks[i].jitter != news->blocks[i].jitter)
                std::abort();
        (void)reception_.report(now_);
    }

    base::Time now_{std::chrono::hours(1)};
    edge::NtpClock clock_{now_, std::chrono::system_clock::time_point(std::chrono::hours(490000))};
    edge::RtpReception reception_{7, 48000};
    edge::ResendBuffer resend_;
    listen::SoundReceiver receiver_;
};

}  // namespace
}  // namespace antiphon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    antiphon::Line line;
    std::span<const std::uint8_t> rest(data, size);
    while (rest.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(std::size_t{rest[0]} << 8U | rest[1], rest.size() - 2);
        line.datagram(rest.subspan(2, length));
        rest = rest.subspan(2 + length);
    }
    return 0;
}
