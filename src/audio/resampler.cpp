#include "audio/resampler.hpp"

#include "audio/libav.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace antiphon::audio {
namespace {

// Taps of the filter at the lower of the two rates: what folds back lies 80 dB below, and 32 cost half as much again.
constexpr int kTaps = 16;

}  // namespace

void Resampler::Close::operator()(SwrContext* state) const { swr_free(&state); }

base::Result<Resampler> Resampler::open(int from_rate, int to_rate) {
    for (const int rate : {from_rate, to_rate})
        if (rate < 8000 || rate > 192000)
            return base::error(base::Errc::invalid, "no resampling at " + std::to_string(rate) + " Hz: 8000 to 192000");
    Resampler made(from_rate, to_rate);
    if (from_rate != to_rate) {
        libav::keep_quiet();
        AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
        SwrContext* state = nullptr;
        swr_alloc_set_opts2(&state, &mono, AV_SAMPLE_FMT_FLT, to_rate, &mono, AV_SAMPLE_FMT_FLT, from_rate, 0, nullptr);
        made.state_.reset(state);
        // Of a ratio like 160 / 147 every filter there is, so that nothing lies between two of them.
        if (state == nullptr || av_opt_set_int(state, "filter_size", kTaps, 0) < 0 ||
            av_opt_set_int(state, "exact_rational", 1, 0) < 0 || swr_init(state) < 0)
            return base::error(base::Errc::engine, "the resampler could not be opened");
    }
    return made;
}

std::vector<float> Resampler::convert(const float* samples, std::size_t count) {
    std::vector<float> out(static_cast<std::size_t>(swr_get_out_samples(state_.get(), static_cast<int>(count))));
    const auto* in = reinterpret_cast<const std::uint8_t*>(samples);
    auto* room = reinterpret_cast<std::uint8_t*>(out.data());
    const int made = swr_convert(state_.get(), &room, static_cast<int>(out.size()), samples == nullptr ? nullptr : &in,
                                 static_cast<int>(count));
    out.resize(static_cast<std::size_t>(std::max(made, 0)));
    return out;
}

std::vector<float> Resampler::process(std::span<const float> samples) {
    if (!state_) return {samples.begin(), samples.end()};
    if (samples.empty()) return {};
    std::vector<float> ready = convert(samples.data(), samples.size());
    taken_ += static_cast<std::int64_t>(samples.size());
    given_ += static_cast<std::int64_t>(ready.size());
    return ready;
}

std::vector<float> Resampler::flush() {
    if (!state_) return {};
    // The library gives nothing of a sound that is shorter than its filter: silence behind it, which is cut off again.
    const auto whole = (taken_ * to_rate_ + from_rate_ - 1) / from_rate_;
    const std::vector<float> silence(static_cast<std::size_t>(kTaps * (1 + from_rate_ / to_rate_)), 0.0F);
    std::vector<float> rest = convert(silence.data(), silence.size());
    const std::vector<float> last = convert(nullptr, 0);
    rest.insert(rest.end(), last.begin(), last.end());
    rest.resize(std::min(rest.size(), static_cast<std::size_t>(std::max<std::int64_t>(whole - given_, 0))));
    taken_ = given_ = 0;
    swr_close(state_.get());
    swr_init(state_.get());  // the filters are kept
    return rest;
}

base::Result<std::vector<float>> resample(std::span<const float> samples, int from_rate, int to_rate) {
    auto stream = Resampler::open(from_rate, to_rate);
    if (!stream) return stream.error();
    std::vector<float> whole = stream->process(samples);
    const std::vector<float> rest = stream->flush();
    whole.insert(whole.end(), rest.begin(), rest.end());
    return whole;
}

}  // namespace antiphon::audio
