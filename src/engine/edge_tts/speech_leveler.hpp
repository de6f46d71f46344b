// Makes speech that comes in a stream ready to be played: even loudness, no silence before it, a pause after.
//
// pure. What clause_sound.hpp does with a clause that is there as a whole, for sound whose end nobody has seen yet:
// the gain is found from the beginning and follows slowly.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace antiphon::engine::edge_tts {

class SpeechLeveler {
public:
    /// `loudness_dbfs` is that of the voiced parts, measured as voiced_level_dbfs() does but over windows that follow
    /// each other.
    SpeechLeveler(int sample_rate, float loudness_dbfs);

    /// The samples that are ready, which may be none. Silence (windows of 10 ms below -45 dBFS) at the beginning is
    /// left out but for 10 ms, faded in; silence elsewhere is held back until sound follows it. The first 300 ms of
    /// sound are held back to find the gain, of at most 15 dB either way; from then on it follows the level of all
    /// sound so far by at most 0.1 dB in 10 ms. Nothing exceeds 0.95.
    std::vector<float> process(std::span<const float> samples);

    /// The rest: what was held back, and then a pause of this length instead of the silence at the end. Sound that
    /// comes later follows the pause.
    std::vector<float> pause(base::milliseconds length);

private:
    void take_window(std::span<const float> window, std::vector<float>& out);
    void emit(std::vector<float>& out);
    float wanted_gain() const;

    std::size_t window_;  ///< samples of 10 ms
    float loudness_dbfs_;
    std::vector<float> rest_;     ///< less than a window
    std::vector<float> lead_;     ///< the last silent window before the first sound
    std::vector<float> ready_;    ///< sound that waits for its gain
    std::vector<float> silence_;  ///< after the last sound
    std::vector<double> powers_;  ///< of each window of sound so far
    float gain_ = 0.0F;           ///< 0: not known yet
    bool begun_ = false;
};

}  // namespace antiphon::engine::edge_tts
