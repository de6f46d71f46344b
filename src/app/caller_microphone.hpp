// What the terminal caller sends: a room that is never digitally silent, and the questions spoken in it.
//
// pure. Frames of 20 ms, 24000 samples per second. The room's noise (white, about -65 dBFS, the same for
// the same seed) lies under everything, as it does with a real microphone: a server must find the end of
// speech in it.
#pragma once

#include "audio/pcm.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace antiphon::app {

class CallerMicrophone {
public:
    static constexpr int kRate = 24000;
    static constexpr std::size_t kFrame = 480;

    explicit CallerMicrophone(std::uint32_t seed) : random_(seed) {}

    /// The sound begins with the next frame; sound that was still being spoken is given up. At kRate.
    /// Gives the position of its first sample in sent().
    std::size_t speak(std::vector<float> sound);

    /// The next 20 ms.
    std::span<const float> next_frame();

    /// Whether some of the last sound is still to come.
    bool speaking() const { return spoken_ < sound_.size(); }

    /// Everything so far.
    const std::vector<float>& sent() const { return sent_; }

private:
    std::mt19937 random_;
    std::vector<float> sound_;
    std::size_t spoken_ = 0;
    std::vector<float> sent_;
};

}  // namespace antiphon::app
