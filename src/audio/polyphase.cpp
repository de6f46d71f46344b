#include "audio/polyphase.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <numbers>
#include <numeric>
#include <utility>

namespace antiphon::audio {
namespace {

// As libspeexdsp 1.2.1 has them for quality 3.
constexpr double kTaps = 48;
constexpr double kBeta = 8.0;
constexpr double kCutoffDown = 0.895;
constexpr double kCutoffUp = 0.917;
/// Ratios whose banks are kept; a bank of 160 phases has 30 KB.
constexpr std::size_t kKept = 16;

/// The modified Bessel function of the first kind and order zero, by its power series.
double bessel(double x) {
    double sum = 1.0;
    double term = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

double sinc(double x) {
    if (std::abs(x) < 1e-9) return 1.0;
    return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

/// Four floats that are added and multiplied as one, on every processor that has such instructions.
using Four = float __attribute__((vector_size(16)));

Four four_at(const float* place) {
    Four four;
    std::memcpy(&four, place, sizeof four);
    return four;
}

float dot(const float* a, const float* b, std::size_t count) {
    // Two sums side by side: in one alone, each addition would wait for the one before.
    Four even{};
    Four odd{};
    for (std::size_t i = 0; i < count; i += FilterBank::kLanes) {
        even += four_at(a + i) * four_at(b + i);
        odd += four_at(a + i + 4) * four_at(b + i + 4);
    }
    const Four sum = even + odd;
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

}  // namespace

FilterBank::FilterBank(std::size_t step, std::size_t phases) : step_(step), phases_(phases) {
    const double slower = std::min(1.0, static_cast<double>(phases) / static_cast<double>(step));
    const double cutoff = (step > phases ? kCutoffDown : kCutoffUp) * slower;
    taps_ = static_cast<std::size_t>(kTaps / slower + kLanes - 1) / kLanes * kLanes;
    const double half = static_cast<double>(taps_) / 2.0;
    coefficients_.resize(phases_ * taps_);
    std::vector<double> filter(taps_);
    for (std::size_t phase = 0; phase < phases_; ++phase) {
        double sum = 0.0;
        for (std::size_t i = 0; i < taps_; ++i) {
            // The output lies between the taps before the middle and those after it.
            const double place = static_cast<double>(i) - (half - 1.0) - static_cast<double>(phase) / static_cast<double>(phases_);
            const double edge = place / half;
            const double window = std::abs(edge) < 1.0 ? bessel(kBeta * std::sqrt(1.0 - edge * edge)) : 0.0;
            filter[i] = sinc(cutoff * place) * window;
            sum += filter[i];
        }
        // Each phase alike loud, or a steady level would ripple.
        for (std::size_t i = 0; i < taps_; ++i) coefficients_[phase * taps_ + i] = static_cast<float>(filter[i] / sum);
    }
}

std::shared_ptr<const FilterBank> FilterBank::find(int from_rate, int to_rate) {
    const int common = std::gcd(from_rate, to_rate);
    const std::pair ratio(static_cast<std::size_t>(from_rate / common), static_cast<std::size_t>(to_rate / common));
    if (ratio.second > kMaxPhases) return nullptr;
    static std::mutex mutex;
    static std::map<std::pair<std::size_t, std::size_t>, std::shared_ptr<const FilterBank>> kept;
    const std::scoped_lock lock(mutex);
    if (const auto found = kept.find(ratio); found != kept.end()) return found->second;
    auto made = std::make_shared<const FilterBank>(ratio.first, ratio.second);
    if (kept.size() < kKept) kept.emplace(ratio, made);
    return made;
}

Polyphase::Polyphase(std::shared_ptr<const FilterBank> bank) : bank_(std::move(bank)) { begin(); }

void Polyphase::begin() {
    held_.assign(bank_->taps() / 2 - 1, 0.0F);
    phase_ = 0;
}

void Polyphase::process(std::span<const float> samples, std::vector<float>& out) {
    held_.insert(held_.end(), samples.begin(), samples.end());
    const std::size_t taps = bank_->taps();
    const std::size_t whole = bank_->step() / bank_->phases();
    const std::size_t part = bank_->step() % bank_->phases();
    std::size_t at = 0;
    while (at + taps <= held_.size()) {
        out.push_back(dot(held_.data() + at, bank_->filter(phase_), taps));
        at += whole;
        phase_ += part;
        if (phase_ >= bank_->phases()) {
            phase_ -= bank_->phases();
            ++at;
        }
    }
    // Never beyond what is there: a step is shorter than a filter.
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Polyphase::flush(std::vector<float>& out) {
    const std::vector<float> silence(bank_->taps() / 2, 0.0F);
    process(silence, out);
    begin();
}

}  // namespace antiphon::audio
