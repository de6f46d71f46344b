// What every VoiceDetector keeps.
//
// A backend is a type with `static std::unique_ptr<engine::VoiceDetector> open()`.
//     INSTANTIATE_TYPED_TEST_SUITE_P(Silero, VoiceDetectorContract, SileroBackend);
#pragma once

#include "contract/hearing_sounds.hpp"
#include "engine/voice_detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

namespace antiphon::contract {

template <typename Backend>
class VoiceDetectorContract : public testing::Test {
protected:
    void SetUp() override {
        detector_ = Backend::open();
        ASSERT_NE(detector_, nullptr);
        ASSERT_GT(detector_->window(), 0U);
    }

    /// The probability of each whole window; fails the test where one fails.
    std::vector<float> all(engine::VoiceStream& stream, const audio::Pcm& sound) const {
        std::vector<float> probabilities;
        const std::span<const float> samples(sound.samples);
        const std::size_t window = detector_->window();
        for (std::size_t at = 0; at + window <= samples.size(); at += window) {
            const auto probability = stream.push(samples.subspan(at, window));
            EXPECT_TRUE(probability) << probability.error().text;
            probabilities.push_back(probability ? *probability : -1.0F);
        }
        return probabilities;
    }
    std::vector<float> all(const audio::Pcm& sound) const { return all(*detector_->start(), sound); }

    static double part_above(const std::vector<float>& probabilities, float threshold) {
        const auto count = std::count_if(probabilities.begin(), probabilities.end(), [&](float p) { return p > threshold; });
        return static_cast<double>(count) / static_cast<double>(probabilities.size());
    }

    std::unique_ptr<engine::VoiceDetector> detector_;
};
TYPED_TEST_SUITE_P(VoiceDetectorContract);

TYPED_TEST_P(VoiceDetectorContract, SpeechIsLikely) {
    // From the first word to the last of "And so my fellow Americans".
    const auto speech = this->all(kennedy(0.35, 2.0));
    EXPECT_GT(this->part_above(speech, 0.5F), 0.8);
    for (const float probability : this->all(kennedy())) {
        EXPECT_GE(probability, 0.0F);
        EXPECT_LE(probability, 1.0F);
    }
}

TYPED_TEST_P(VoiceDetectorContract, SilenceAndFaintNoiseAreNot) {
    for (const Noise kind : kSteadyNoises)
        EXPECT_LT(this->part_above(this->all(noise(kind, 3.0, -60.0F)), 0.3F), 0.02) << static_cast<int>(kind);
}

TYPED_TEST_P(VoiceDetectorContract, TheProbabilityFallsInAPause) {
    const auto stream = this->detector_->start();
    this->all(*stream, kennedy(0.35, 2.0));
    const auto pause = this->all(*stream, noise(Noise::white, 1.0, -70.0F));
    EXPECT_LT(pause.back(), 0.3F);
}

TYPED_TEST_P(VoiceDetectorContract, TwoStreamsDoNotDisturbOneAnother) {
    const auto speech = kennedy(0.0, 4.0);
    const auto silence = noise(Noise::white, 4.0, -60.0F);
    const auto speech_alone = this->all(speech);
    const auto silence_alone = this->all(silence);
    const auto first = this->detector_->start();
    const auto second = this->detector_->start();
    const std::size_t window = this->detector_->window();
    for (std::size_t i = 0; i < std::min(speech_alone.size(), silence_alone.size()); ++i) {
        const auto a = first->push(std::span<const float>(speech.samples).subspan(i * window, window));
        const auto b = second->push(std::span<const float>(silence.samples).subspan(i * window, window));
        ASSERT_TRUE(a && b);
        EXPECT_FLOAT_EQ(*a, speech_alone[i]);
        EXPECT_FLOAT_EQ(*b, silence_alone[i]);
    }
}

TYPED_TEST_P(VoiceDetectorContract, StreamsRunOnThreadsOfTheirOwn) {
    const auto expected = this->all(kennedy(0.0, 4.0));
    std::vector<std::vector<float>> heard(4);
    {
        std::vector<std::jthread> threads;
        for (auto& probabilities : heard)
            threads.emplace_back([&] { probabilities = this->all(kennedy(0.0, 4.0)); });
    }
    for (const auto& probabilities : heard) EXPECT_EQ(probabilities, expected);
}

TYPED_TEST_P(VoiceDetectorContract, AResetStreamIsAsNew) {
    const auto expected = this->all(kennedy(0.0, 2.0));
    const auto stream = this->detector_->start();
    this->all(*stream, kennedy(5.0, 8.0));
    stream->reset();
    EXPECT_EQ(this->all(*stream, kennedy(0.0, 2.0)), expected);
}

TYPED_TEST_P(VoiceDetectorContract, ABadWindowIsRefusedAndLeavesNoTrace) {
    const auto expected = this->all(kennedy(0.0, 2.0));
    const auto stream = this->detector_->start();
    const std::size_t window = this->detector_->window();
    const auto refused = [&](const std::vector<float>& samples) {
        const auto probability = stream->push(samples);
        ASSERT_FALSE(probability);
        EXPECT_EQ(probability.error().code, base::Errc::invalid);
    };
    const auto speech = kennedy(0.0, 2.0);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (i % 7 == 3) {
            refused({});
            refused(std::vector<float>(1, 0.5F));
            refused(std::vector<float>(window - 1, 0.5F));
            refused(std::vector<float>(window + 1, 0.5F));
            std::vector<float> poisoned(window, 0.5F);
            poisoned[window / 2] = std::numeric_limits<float>::quiet_NaN();
            refused(poisoned);
            poisoned[window / 2] = std::numeric_limits<float>::infinity();
            refused(poisoned);
        }
        const auto probability = stream->push(std::span<const float>(speech.samples).subspan(i * window, window));
        ASSERT_TRUE(probability);
        EXPECT_FLOAT_EQ(*probability, expected[i]) << i;
    }
}

TYPED_TEST_P(VoiceDetectorContract, AStreamOutlivesItsDetector) {
    const auto expected = this->all(kennedy(0.0, 1.0));
    const std::size_t window = this->detector_->window();
    const auto stream = this->detector_->start();
    this->detector_.reset();
    const auto speech = kennedy(0.0, 1.0);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto probability = stream->push(std::span<const float>(speech.samples).subspan(i * window, window));
        ASSERT_TRUE(probability);
        EXPECT_FLOAT_EQ(*probability, expected[i]);
    }
}

REGISTER_TYPED_TEST_SUITE_P(VoiceDetectorContract, SpeechIsLikely, SilenceAndFaintNoiseAreNot, TheProbabilityFallsInAPause,
                            TwoStreamsDoNotDisturbOneAnother, StreamsRunOnThreadsOfTheirOwn, AResetStreamIsAsNew,
                            ABadWindowIsRefusedAndLeavesNoTrace, AStreamOutlivesItsDetector);

}  // namespace antiphon::contract
