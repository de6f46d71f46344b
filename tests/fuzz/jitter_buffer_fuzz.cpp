// libFuzzer's entry for the jitter buffer. The input is a list of happenings of six bytes: what happens, how much time
// has passed, and for a packet how far its sequence number and timestamp are from the one before. Whatever comes, each
// packet is given at most once, in the order of the stream that it belongs to, and the figures add up.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o jitter_buffer_fuzz
//         tests/fuzz/jitter_buffer_fuzz.cpp src/listen/jitter_buffer.cpp
//     ./jitter_buffer_fuzz -max_len=4096 tests/fuzz/corpus/jitter_buffer
#include "listen/jitter_buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace antiphon::listen {
namespace {

using Microseconds = std::chrono::microseconds;

constexpr std::array<int, 12> kLengths = {2500,  5000,   10000,  20000, 40000,  60000,
                                          80000, 100000, 120000, 0,     130000, 20833};

class Play {
public:
    void happen(std::span<const std::uint8_t, 6> what) {
        now_ += Microseconds(what[1] * what[1] * 4);  // up to 0.26 s
        switch (what[0] & 0x7U) {
            case 0: case 1: case 2: case 3: put(what); break;
            case 7: if ((what[0] & 0xF8U) == 0xF8U) restart(); break;
            default: next(); break;
        }
    }

    void check() const {
        const JitterFigures& figures = buffer_.figures();
        const auto ended = figures.late + figures.doubled + figures.far_off + figures.dropped + figures.played;
        if (figures.received != puts_ || ended > puts_ || figures.played != played_) std::abort();
        if (figures.restarts == 0 && restarts_ == 0 && puts_ - ended > 128 + 1) std::abort();
        if (figures.delay < base::Duration::zero() || figures.delay > base::milliseconds(200)) std::abort();
    }

private:
    void put(std::span<const std::uint8_t, 6> what) {
        // Mostly the next packet, else anywhere near or, by the high bit, far.
        const bool far = (what[0] & 0x80U) != 0;
        const auto step = static_cast<std::int8_t>(what[2]);
        sequence_ = static_cast<std::uint16_t>(sequence_ + (far ? step * 259 : step));
        const auto ticks = static_cast<std::int16_t>(what[3] << 8U | what[4]);
        timestamp_ += static_cast<std::uint32_t>(std::int64_t{ticks} * (far ? 65539 : 1));
        SoundPacket packet;
        packet.sequence = sequence_;
        packet.timestamp = timestamp_;
        packet.length = Microseconds(kLengths[what[5] % kLengths.size()]);
        packet.has_copy = (what[5] & 0x80U) != 0;
        packet.payload = {static_cast<std::uint8_t>(puts_), static_cast<std::uint8_t>(puts_ >> 8U),
                          static_cast<std::uint8_t>(puts_ >> 16U)};
        given_.push_back(false);
        ++puts_;
        buffer_.put(std::move(packet), now_);
    }

    void next() {
        const auto step = buffer_.next(now_);
        (void)buffer_.surplus(now_ + step.length);
        if (step.length <= base::Duration::zero() || step.length > base::milliseconds(120)) std::abort();
        const bool with_payload =
            step.kind == JitterBuffer::Step::Kind::packet || step.kind == JitterBuffer::Step::Kind::recover;
        if (with_payload != (step.payload.size() == 3)) std::abort();
        if (!with_payload) return;
        const std::size_t index =
            step.payload[0] | std::size_t{step.payload[1]} << 8U | std::size_t{step.payload[2]} << 16U;
        if (index >= puts_ || given_[index]) std::abort();
        if (step.kind == JitterBuffer::Step::Kind::packet) {
            given_[index] = true;
            ++played_;
        }
    }

    void restart() {
        buffer_.restart();
        ++restarts_;
    }

    JitterBuffer buffer_;
    base::Time now_{std::chrono::hours(1)};
    std::uint16_t sequence_ = 65500;
    std::uint32_t timestamp_ = 0xFFFFF000U;
    std::uint64_t puts_ = 0;
    std::uint64_t played_ = 0;
    int restarts_ = 0;
    std::vector<bool> given_;
};

}  // namespace
}  // namespace antiphon::listen

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    antiphon::listen::Play play;
    for (std::size_t at = 0; at + 6 <= size; at += 6) {
        play.happen(std::span<const std::uint8_t, 6>(data + at, 6));
        play.check();
    }
    return 0;
}
