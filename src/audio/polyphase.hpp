// Resampling by a rational ratio with few phases: one filter for each place that an output sample can have between
// two input samples, all made beforehand (a polyphase filter bank; Crochiere and Rabiner, Multirate Digital Signal
// Processing, chapter 4).
//
// A sinc, cut off below the lower rate's half, under a Kaiser window: length, cutoff and window are those of
// libspeexdsp's quality 3. That library interpolates such filters anew for each sample unless the ratio has very few
// phases, which takes four times the work.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace antiphon::audio {

/// pure, thread-safe. The filters of one ratio.
class FilterBank {
public:
    static constexpr std::size_t kMaxPhases = 512;

    /// The bank for these rates, both > 0; null when their ratio has more phases than that. Shared by all streams of
    /// the same ratio, and the usual ones are kept.
    static std::shared_ptr<const FilterBank> find(int from_rate, int to_rate);

    FilterBank(std::size_t step, std::size_t phases);

    std::size_t step() const { return step_; }      ///< input samples for `phases` output samples
    std::size_t phases() const { return phases_; }
    std::size_t taps() const { return taps_; }      ///< a multiple of kLanes
    const float* filter(std::size_t phase) const { return coefficients_.data() + phase * taps_; }

    static constexpr std::size_t kLanes = 8;

private:
    std::size_t step_;
    std::size_t phases_;
    std::size_t taps_;
    std::vector<float> coefficients_;
};

/// strand: one owner, one stream. Without delay: the first sample out lies at the first one in, and comes when half a
/// filter's length has been given.
class Polyphase {
public:
    explicit Polyphase(std::shared_ptr<const FilterBank> bank);

    /// Appends to `out` what is ready.
    void process(std::span<const float> samples, std::vector<float>& out);
    /// Appends the rest, as if silence followed; a new stream may begin.
    void flush(std::vector<float>& out);

private:
    void begin();

    std::shared_ptr<const FilterBank> bank_;
    std::vector<float> held_;  ///< input from the next output's first tap on
    std::size_t phase_ = 0;    ///< of the next output
};

}  // namespace antiphon::audio
