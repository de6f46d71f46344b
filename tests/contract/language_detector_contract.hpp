// What every LanguageDetector keeps, whatever listens.
//
// A backend is a type with
//     static std::unique_ptr<engine::LanguageDetector> open();           knows English and German
//     static std::unique_ptr<engine::LanguageDetector> open_unhurried(); takes longer for 8 s of speech than 20 ms
//     INSTANTIATE_TYPED_TEST_SUITE_P(WhisperBase, LanguageDetectorContract, WhisperBaseBackend);
#pragma once

#include "contract/hearing_sounds.hpp"
#include "engine/language_detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::contract {

using Findings = std::vector<engine::LanguageDetector::Finding>;

template <typename Backend>
class LanguageDetectorContract : public testing::Test {
protected:
    void SetUp() override {
        detector_ = Backend::open();
        ASSERT_NE(detector_, nullptr);
    }

    base::Result<Findings> detect(const audio::Pcm& sound, std::stop_token stop = {}) {
        return detector_->detect(sound.samples, std::move(stop));
    }

    void expect_usable() {
        const auto again = detect(kennedy(0.0, 4.0));
        ASSERT_TRUE(again) << again.error().text;
        ASSERT_FALSE(again->empty());
        EXPECT_EQ(again->front().language, "en");
    }

    std::unique_ptr<engine::LanguageDetector> detector_;
};
TYPED_TEST_SUITE_P(LanguageDetectorContract);

TYPED_TEST_P(LanguageDetectorContract, EnglishIsEnglish) {
    for (const auto& sound : {kennedy(), kennedy(0.0, 2.3), kennedy(3.1, 7.8), with_gain(kennedy(0.0, 4.0), 0.01F)}) {
        const auto found = this->detect(sound);
        ASSERT_TRUE(found) << found.error().text;
        ASSERT_FALSE(found->empty());
        EXPECT_EQ(found->front().language, "en");
        EXPECT_GT(found->front().confidence, 0.5F);
    }
}

TYPED_TEST_P(LanguageDetectorContract, FindingsAreRankedAndAddUpToOneAtMost) {
    const auto languages = this->detector_->languages();
    for (const auto& sound : {kennedy(0.0, 4.0), kennedy(0.7, 1.0), noise(Noise::bursts, 2.0, -30.0F)}) {
        const auto found = this->detect(sound);
        ASSERT_TRUE(found) << found.error().text;
        EXPECT_LE(found->size(), 10U);
        float total = 0.0F;
        for (std::size_t i = 0; i < found->size(); ++i) {
            const auto& [language, confidence] = (*found)[i];
            EXPECT_TRUE(std::binary_search(languages.begin(), languages.end(), language)) << language;
            EXPECT_GE(confidence, 0.0F);
            if (i > 0) {
                EXPECT_LE(confidence, (*found)[i - 1].confidence);
            }
            for (std::size_t j = 0; j < i; ++j) EXPECT_NE(language, (*found)[j].language);
            total += confidence;
        }
        EXPECT_LE(total, 1.001F);
    }
}

TYPED_TEST_P(LanguageDetectorContract, LanguagesArePrimaryTagsSortedAndEachOnce) {
    const auto languages = this->detector_->languages();
    EXPECT_TRUE(std::is_sorted(languages.begin(), languages.end()));
    EXPECT_EQ(std::adjacent_find(languages.begin(), languages.end()), languages.end());
    for (const char* known : {"de", "en"}) EXPECT_TRUE(std::binary_search(languages.begin(), languages.end(), known)) << known;
    for (const auto& language : languages) {
        EXPECT_GE(language.size(), 2U) << language;
        EXPECT_LE(language.size(), 3U) << language;
        EXPECT_TRUE(std::all_of(language.begin(), language.end(), [](char c) { return c >= 'a' && c <= 'z'; })) << language;
    }
    EXPECT_GE(this->detector_->parallel(), 1U);
    EXPECT_LT(this->detector_->min_duration(), this->detector_->max_duration());
}

TYPED_TEST_P(LanguageDetectorContract, SilenceAndSteadyNoiseAreNoLanguage) {
    for (const Noise kind : kSteadyNoises)
        for (const float dbfs : {-60.0F, -20.0F}) {
            const auto found = this->detect(noise(kind, 2.0, dbfs));
            ASSERT_TRUE(found) << found.error().text;
            EXPECT_TRUE(found->empty()) << "noise " << static_cast<int>(kind) << " at " << dbfs;
        }
}

TYPED_TEST_P(LanguageDetectorContract, SoundThatCannotBeIsRefused) {
    const auto shortest = audio::samples_in(this->detector_->min_duration(), kHearingRate);
    std::vector<audio::Pcm> sounds{{{}, kHearingRate}, {std::vector<float>(shortest - 1, 0.1F), kHearingRate}};
    const float infinite = std::numeric_limits<float>::infinity();
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinite, -infinite}) {
        sounds.push_back(kennedy(0.0, 1.0));
        sounds.back().samples[4321] = bad;
    }
    for (const auto& sound : sounds) {
        const auto found = this->detect(sound);
        ASSERT_FALSE(found) << sound.samples.size() << " samples";
        EXPECT_EQ(found.error().code, base::Errc::invalid) << found.error().text;
    }
    this->expect_usable();
}

TYPED_TEST_P(LanguageDetectorContract, SoundAtTheEdgesIsTaken) {
    const auto shortest = audio::samples_in(this->detector_->min_duration(), kHearingRate);
    EXPECT_TRUE(this->detect({std::vector<float>(shortest, 0.0F), kHearingRate}));
    audio::Pcm speech = kennedy(0.7, 3.0);
    speech.samples.resize(shortest);
    EXPECT_TRUE(this->detect(speech));
    // Far beyond the longest stretch, of which the last part counts; and far outside of -1..1.
    audio::Pcm endless = noise(Noise::silence, 40.0, 0.0F);
    endless.samples.insert(endless.samples.end(), kennedy().samples.begin(), kennedy().samples.end());
    const auto found = this->detect(endless);
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_FALSE(found->empty());
    EXPECT_EQ(found->front().language, "en");
    EXPECT_TRUE(this->detect(with_gain(kennedy(0.0, 2.3), 1e30F)));
    this->expect_usable();
}

TYPED_TEST_P(LanguageDetectorContract, StoppedBeforeItBegan) {
    std::stop_source stop;
    stop.request_stop();
    const auto found = this->detect(kennedy(), stop.get_token());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, base::Errc::cancelled);
    this->expect_usable();
}

TYPED_TEST_P(LanguageDetectorContract, StoppedWhileItWorks) {
    this->detector_ = TypeParam::open_unhurried();
    ASSERT_NE(this->detector_, nullptr);
    for (const int after : {0, 5, 20}) {
        std::stop_source stop;
        std::chrono::steady_clock::time_point asked;
        // The moment of the stop is what is varied here; nothing is waited for.
        std::jthread stopper([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(after));
            asked = std::chrono::steady_clock::now();
            stop.request_stop();
        });
        const auto found = this->detect(kennedy(0.0, 8.0), stop.get_token());
        const auto back = std::chrono::steady_clock::now();
        stopper.join();
        ASSERT_FALSE(found) << "it finished within " << after << " ms";
        EXPECT_EQ(found.error().code, base::Errc::cancelled);
        // 50 ms is the promise, and what the bench measures; a loaded test machine gets ten times as long.
        EXPECT_LT(back - asked, std::chrono::milliseconds(500)) << after;
    }
}

TYPED_TEST_P(LanguageDetectorContract, SeveralThreadsFindWhatOneFinds) {
    const std::vector<audio::Pcm> sounds{kennedy(0.0, 2.3), kennedy(3.1, 7.8), noise(Noise::pink, 2.0, -30.0F)};
    std::vector<Findings> alone;
    for (const auto& sound : sounds) {
        const auto found = this->detect(sound);
        ASSERT_TRUE(found) << found.error().text;
        alone.push_back(*found);
    }
    std::vector<base::Result<Findings>> together(sounds.size() * 2, Findings{});
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < together.size(); ++i)
            threads.emplace_back([&, i] { together[i] = this->detect(sounds[i % sounds.size()]); });
    }
    for (std::size_t i = 0; i < together.size(); ++i) {
        ASSERT_TRUE(together[i]) << together[i].error().text;
        const auto& expected = alone[i % alone.size()];
        ASSERT_EQ(together[i]->empty(), expected.empty());
        if (expected.empty()) continue;
        EXPECT_EQ(together[i]->front().language, expected.front().language);
        EXPECT_NEAR(together[i]->front().confidence, expected.front().confidence, 1e-4F);
    }
}

REGISTER_TYPED_TEST_SUITE_P(LanguageDetectorContract, EnglishIsEnglish, FindingsAreRankedAndAddUpToOneAtMost,
                            LanguagesArePrimaryTagsSortedAndEachOnce, SilenceAndSteadyNoiseAreNoLanguage,
                            SoundThatCannotBeIsRefused, SoundAtTheEdgesIsTaken, StoppedBeforeItBegan, StoppedWhileItWorks,
                            SeveralThreadsFindWhatOneFinds);

}  // namespace antiphon::contract
