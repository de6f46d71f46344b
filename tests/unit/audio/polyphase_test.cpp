#include "audio/polyphase.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace antiphon::audio {
namespace {

/// How loud a filter bank lets a frequency through, all phases together: 0 dB is unchanged.
double gain(const FilterBank& bank, double cycles_per_input_sample) {
    double re = 0.0;
    double im = 0.0;
    for (std::size_t phase = 0; phase < bank.phases(); ++phase)
        for (std::size_t i = 0; i < bank.taps(); ++i) {
            const double place = static_cast<double>(i) - static_cast<double>(phase) / static_cast<double>(bank.phases());
            const double angle = 2.0 * std::numbers::pi * cycles_per_input_sample * place;
            re += static_cast<double>(bank.filter(phase)[i]) * std::cos(angle);
            im += static_cast<double>(bank.filter(phase)[i]) * std::sin(angle);
        }
    return 20.0 * std::log10(std::hypot(re, im) / static_cast<double>(bank.phases()) + 1e-12);
}

TEST(FilterBank, LetsSpeechThroughAndNoImages) {
    const auto bank = FilterBank::find(22'050, 24'000);
    ASSERT_TRUE(bank);
    EXPECT_EQ(bank->phases(), 160U);
    EXPECT_EQ(bank->step(), 147U);
    for (const double frequency : {0.0, 100.0, 1000.0, 4000.0, 8000.0})
        EXPECT_NEAR(gain(*bank, frequency / 22'050), 0.0, 0.1) << frequency;
    // The images of 0 to 8 kHz.
    for (const double frequency : {14'050.0, 18'000.0, 21'000.0, 22'050.0, 26'000.0, 44'100.0})
        EXPECT_LT(gain(*bank, frequency / 22'050), -75.0) << frequency;
}

TEST(FilterBank, DownwardsItStopsWhatWouldFoldBack) {
    const auto bank = FilterBank::find(22'050, 16'000);
    ASSERT_TRUE(bank);
    EXPECT_NEAR(gain(*bank, 5000.0 / 22'050), 0.0, 0.1);
    for (const double frequency : {9000.0, 9500.0, 10'000.0, 11'000.0})
        EXPECT_LT(gain(*bank, frequency / 22'050), -75.0) << frequency;
}

TEST(FilterBank, EachPhaseIsAlikeLoud) {
    const auto bank = FilterBank::find(44'100, 24'000);
    ASSERT_TRUE(bank);
    for (std::size_t phase = 0; phase < bank->phases(); ++phase)
        EXPECT_NEAR(std::accumulate(bank->filter(phase), bank->filter(phase) + bank->taps(), 0.0), 1.0, 1e-5);
}

TEST(FilterBank, IsSharedAndHasItsLimit) {
    EXPECT_EQ(FilterBank::find(22'050, 24'000), FilterBank::find(44'100, 48'000));
    EXPECT_FALSE(FilterBank::find(22'050, 23'999));
    EXPECT_TRUE(FilterBank::find(48'000, 44'100));
}

TEST(Polyphase, HoldsBackHalfAFilter) {
    Polyphase stream(FilterBank::find(22'050, 24'000));
    std::vector<float> out;
    stream.process(std::vector<float>(24, 0.5F), out);
    EXPECT_TRUE(out.empty());
    stream.process(std::vector<float>(1, 0.5F), out);
    EXPECT_EQ(out.size(), 2U);  // at 0 and, before the next input sample, at 0.92
}

TEST(Polyphase, FlushedItBeginsAnew) {
    Polyphase stream(FilterBank::find(22'050, 24'000));
    const std::vector<float> sound(441, 0.5F);
    std::vector<float> first;
    stream.process(sound, first);
    stream.flush(first);
    EXPECT_EQ(first.size(), 480U);
    std::vector<float> second;
    stream.process(sound, second);
    stream.flush(second);
    EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace antiphon::audio
