#include "audio/resampler.hpp"

#include <speex/speex_resampler.h>

#include <numeric>
#include <string>
#include <utility>

namespace antiphon::audio {
namespace {

// 3 of 10, which the library names for voice over IP: what folds back lies 80 dB below. 5 takes 1.6 times as long.
constexpr int kQuality = 3;
/// Up to here the library has all the filters ready, and is as fast as the bank; 22050 to 24000 Hz, the usual voice's,
/// has 160 and goes seven times as fast through the bank.
constexpr int kPhasesOfLibrary = 8;

}  // namespace

void Resampler::Close::operator()(SpeexResamplerState_* state) const { speex_resampler_destroy(state); }

base::Result<Resampler> Resampler::open(int from_rate, int to_rate) {
    for (const int rate : {from_rate, to_rate})
        if (rate < 8000 || rate > 192000)
            return base::error(base::Errc::invalid, "no resampling at " + std::to_string(rate) + " Hz: 8000 to 192000");
    Resampler made(from_rate, to_rate);
    if (to_rate / std::gcd(from_rate, to_rate) > kPhasesOfLibrary) {
        if (auto bank = FilterBank::find(from_rate, to_rate)) made.bank_.emplace(std::move(bank));
    }
    if (from_rate != to_rate && !made.bank_) {
        int failure = RESAMPLER_ERR_SUCCESS;
        made.state_.reset(speex_resampler_init(1, static_cast<spx_uint32_t>(from_rate),
                                               static_cast<spx_uint32_t>(to_rate), kQuality, &failure));
        if (!made.state_) return base::error(base::Errc::engine, speex_resampler_strerror(failure));
        // Without this the stream would begin with the filter's own silence.
        speex_resampler_skip_zeros(made.state_.get());
    }
    return made;
}

std::vector<float> Resampler::process(std::span<const float> samples) {
    const std::size_t room =
        samples.size() * static_cast<std::size_t>(to_rate_) / static_cast<std::size_t>(from_rate_) + 64;
    if (bank_) {
        std::vector<float> ready;
        ready.reserve(room);
        bank_->process(samples, ready);
        return ready;
    }
    if (!state_) return {samples.begin(), samples.end()};
    std::vector<float> out(room);
    std::size_t taken = 0;
    std::size_t made = 0;
    while (taken < samples.size()) {
        if (made == out.size()) out.resize(out.size() * 2);
        auto in_count = static_cast<spx_uint32_t>(samples.size() - taken);
        auto out_count = static_cast<spx_uint32_t>(out.size() - made);
        speex_resampler_process_float(state_.get(), 0, samples.data() + taken, &in_count, out.data() + made, &out_count);
        taken += in_count;
        made += out_count;
    }
    out.resize(made);
    return out;
}

std::vector<float> Resampler::flush() {
    if (bank_) {
        std::vector<float> ready;
        bank_->flush(ready);
        return ready;
    }
    if (!state_) return {};
    const std::vector<float> silence(static_cast<std::size_t>(speex_resampler_get_input_latency(state_.get())), 0.0F);
    std::vector<float> rest = process(silence);
    speex_resampler_reset_mem(state_.get());
    speex_resampler_skip_zeros(state_.get());
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
