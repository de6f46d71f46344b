// What every Synthesizer keeps, whatever makes its sound.
//
// A backend is a type with `static std::unique_ptr<engine::Synthesizer> open()`: an object that speaks
// English, no Swedish, takes no more than 4000 characters, and gives the same sound for the same text. One whose
// sound carries on from the text before says by `static constexpr double kSpread` how much its length may vary.
//     INSTANTIATE_TYPED_TEST_SUITE_P(Piper, SynthesizerContract, PiperBackend);
#pragma once

#include "audio/pcm.hpp"
#include "engine/synthesizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::contract {

struct Spoken {
    base::Result<void> result;
    std::vector<audio::Pcm> chunks;

    std::vector<float> samples() const {
        std::vector<float> all;
        for (const auto& chunk : chunks) all.insert(all.end(), chunk.samples.begin(), chunk.samples.end());
        return all;
    }
    double seconds() const {
        return chunks.empty() ? 0.0 : base::seconds(audio::duration_of(samples().size(), chunks.front().sample_rate));
    }
};

inline Spoken speak(engine::Synthesizer& voice, engine::Utterance utterance, std::stop_token stop = {}) {
    Spoken spoken;
    spoken.result = voice.synthesize(
        utterance, [&](audio::Pcm chunk) { spoken.chunks.push_back(std::move(chunk)); }, stop);
    return spoken;
}

/// The level of the windows of 20 ms that are no more than 15 dB below the loudest one.
inline double speech_level_dbfs(std::span<const float> samples, int sample_rate) {
    const auto window = static_cast<std::size_t>(sample_rate / 50);
    std::vector<double> powers;
    for (std::size_t at = 0; at + window <= samples.size(); at += window)
        powers.push_back(std::pow(audio::rms(samples.subspan(at, window)), 2.0));
    const double loudest = powers.empty() ? 0.0 : *std::max_element(powers.begin(), powers.end());
    double sum = 0.0;
    double count = 0.0;
    for (const double power : powers)
        if (power >= loudest * std::pow(10.0, -1.5)) {
            sum += power;
            count += 1.0;
        }
    return 10.0 * std::log10(sum / count);
}

/// Milliseconds before the first window of 5 ms above -45 dBFS.
inline double leading_silence_ms(std::span<const float> samples, int sample_rate) {
    const auto window = static_cast<std::size_t>(sample_rate / 200);
    std::size_t at = 0;
    while (at + window <= samples.size() && audio::level_dbfs(samples.subspan(at, window)) < -45.0F) at += window;
    return 1000.0 * static_cast<double>(at) / sample_rate;
}

inline const char* const kSentence = "The quick brown fox jumps over the lazy dog near the river bank.";
inline const char* const kLongText =
    "The first sentence of this text is here to be spoken. The second one follows it, and it is a little "
    "longer than the first; nobody will hear the third one. This is the third one, which comes too late.";

template <typename Backend>
class SynthesizerContract : public testing::Test {
protected:
    static void SetUpTestSuite() { voice_ = Backend::open(); }
    static void TearDownTestSuite() { voice_.reset(); }

    static constexpr double spread() {
        if constexpr (requires { Backend::kSpread; }) return Backend::kSpread;
        return 0.0;
    }
    static engine::Synthesizer& voice() { return *voice_; }
    static engine::Utterance english(std::string text) { return {std::move(text), "en", "", 1.0F}; }
    static void expect_usable() {
        const auto spoken = speak(voice(), english("All is well again."));
        EXPECT_TRUE(spoken.result);
        EXPECT_GT(spoken.seconds(), 0.5);
    }
    static void expect_refused(const engine::Utterance& utterance, base::Errc code, const std::string& param) {
        const auto spoken = speak(voice(), utterance);
        ASSERT_FALSE(spoken.result);
        EXPECT_EQ(spoken.result.error().code, code);
        EXPECT_EQ(spoken.result.error().param, param);
        EXPECT_FALSE(spoken.result.error().text.empty());
        EXPECT_TRUE(spoken.chunks.empty());
        expect_usable();
    }

private:
    static inline std::unique_ptr<engine::Synthesizer> voice_;
};

TYPED_TEST_SUITE_P(SynthesizerContract);

TYPED_TEST_P(SynthesizerContract, SpeechHasAPlausibleLengthAndOneRate) {
    const auto spoken = speak(this->voice(), this->english(kSentence));
    ASSERT_TRUE(spoken.result);
    ASSERT_FALSE(spoken.chunks.empty());
    for (const auto& chunk : spoken.chunks) {
        EXPECT_EQ(chunk.sample_rate, this->voice().sample_rate());
        EXPECT_FALSE(chunk.samples.empty());
        EXPECT_TRUE(audio::all_finite(chunk.samples));
        for (const float sample : chunk.samples) ASSERT_LE(std::abs(sample), 1.0F);
    }
    EXPECT_GT(spoken.seconds(), 2.0);
    EXPECT_LT(spoken.seconds(), 7.0);
    EXPECT_GT(audio::level_dbfs(spoken.samples()), -35.0F);

    const auto shorter = speak(this->voice(), this->english("The quick brown fox."));
    ASSERT_TRUE(shorter.result);
    EXPECT_LT(shorter.seconds(), 0.6 * spoken.seconds());
}

TYPED_TEST_P(SynthesizerContract, SpeedChangesTheLength) {
    auto utterance = this->english(kSentence);
    const double normal = speak(this->voice(), utterance).seconds();
    utterance.speed = 2.0F;
    const double fast = speak(this->voice(), utterance).seconds();
    utterance.speed = 0.5F;
    const double slow = speak(this->voice(), utterance).seconds();
    // Wide, because a voice rounds the length of each of its phonemes up.
    EXPECT_NEAR(fast / normal, 0.55, 0.1);
    EXPECT_NEAR(slow / normal, 1.8, 0.25);
}

TYPED_TEST_P(SynthesizerContract, NothingToSayGivesNoChunk) {
    for (const char* text : {"", " \n\t ", "...", "?!", " - , . ", "\"\"", "。、"}) {
        const auto spoken = speak(this->voice(), this->english(text));
        EXPECT_TRUE(spoken.result) << text;
        EXPECT_TRUE(spoken.chunks.empty()) << text;
    }
}

TYPED_TEST_P(SynthesizerContract, AStopBeforeMeansNoSound) {
    std::stop_source stop;
    stop.request_stop();
    const auto spoken = speak(this->voice(), this->english(kSentence), stop.get_token());
    ASSERT_FALSE(spoken.result);
    EXPECT_EQ(spoken.result.error().code, base::Errc::cancelled);
    EXPECT_TRUE(spoken.chunks.empty());
    this->expect_usable();
}

TYPED_TEST_P(SynthesizerContract, AStopInTheMiddleMeansNoFurtherChunk) {
    std::stop_source stop;
    std::size_t chunks = 0;
    const auto result = this->voice().synthesize(
        this->english(kLongText),
        [&](audio::Pcm) {
            ++chunks;
            stop.request_stop();
        },
        stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::cancelled);
    EXPECT_EQ(chunks, 1U);
    this->expect_usable();
}

TYPED_TEST_P(SynthesizerContract, InvalidUtf8IsRefused) {
    for (const char* text : {"abc\xFF", "\xC3", "\xED\xA0\x80", "ok \xC0\xAF"})
        this->expect_refused(this->english(text), base::Errc::invalid, "text");
}

TYPED_TEST_P(SynthesizerContract, OverlongTextIsRefused) {
    this->expect_refused(this->english(std::string(4001, 'a')), base::Errc::invalid, "text");
}

TYPED_TEST_P(SynthesizerContract, ASpeedOutOfRangeIsRefused) {
    for (const float speed :
         {0.0F, -1.0F, 0.2F, 4.1F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        auto utterance = this->english(kSentence);
        utterance.speed = speed;
        this->expect_refused(utterance, base::Errc::invalid, "speed");
    }
}

TYPED_TEST_P(SynthesizerContract, AnUnknownLanguageIsUnsupported) {
    auto utterance = this->english("Hej!");
    utterance.language = "sv";
    this->expect_refused(utterance, base::Errc::unsupported, "language");
    for (const char* language : {"", "en", "en-US", "en-GB"}) {
        utterance.language = language;
        EXPECT_TRUE(speak(this->voice(), utterance).result) << language;
    }
}

TYPED_TEST_P(SynthesizerContract, FourThreadsHearWhatOneHears) {
    const std::vector<std::string> texts{"Good morning, how are you?", "The train leaves at noon.",
                                         "I have never seen the sea, she said.", "Numbers: one, two, three!"};
    std::vector<std::vector<float>> alone;
    for (const auto& text : texts) alone.push_back(speak(this->voice(), this->english(text)).samples());
    std::vector<std::vector<std::vector<float>>> together(texts.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < texts.size(); ++i)
            threads.emplace_back([&, i] {
                for (std::size_t round = 0; round < texts.size(); ++round)
                    together[i].push_back(
                        speak(this->voice(), this->english(texts[(i + round) % texts.size()])).samples());
            });
    }
    for (std::size_t i = 0; i < texts.size(); ++i)
        for (std::size_t round = 0; round < texts.size(); ++round) {
            const auto& expected = alone[(i + round) % texts.size()];
            const auto length = static_cast<double>(expected.size());
            ASSERT_NEAR(static_cast<double>(together[i][round].size()), length, this->spread() * length)
                << "thread " << i << ", round " << round;
            EXPECT_NEAR(audio::level_dbfs(together[i][round]), audio::level_dbfs(expected), 0.01 + 10 * this->spread());
        }
}

TYPED_TEST_P(SynthesizerContract, SpeechBeginsAtOnce) {
    for (const char* text : {kSentence, "Hello.", "Sure, I can help.", "Thank you.", "How are you?", "Four."}) {
        const auto spoken = speak(this->voice(), this->english(text));
        ASSERT_TRUE(spoken.result);
        EXPECT_LT(leading_silence_ms(spoken.samples(), this->voice().sample_rate()), 30.0) << text;
    }
}

TYPED_TEST_P(SynthesizerContract, SentencesAreEquallyLoud) {
    std::vector<double> levels;
    for (const char* text : {kSentence, "No!", "Yes, of course.", "What time is it?",
                             "My aunt whispered something to me.", "Stop shouting at the dogs!", kLongText}) {
        const auto spoken = speak(this->voice(), this->english(text));
        ASSERT_TRUE(spoken.result);
        levels.push_back(speech_level_dbfs(spoken.samples(), this->voice().sample_rate()));
    }
    const auto [least, most] = std::minmax_element(levels.begin(), levels.end());
    EXPECT_LE(*most - *least, 3.0);
}

REGISTER_TYPED_TEST_SUITE_P(SynthesizerContract, SpeechHasAPlausibleLengthAndOneRate, SpeedChangesTheLength,
                            NothingToSayGivesNoChunk, AStopBeforeMeansNoSound, AStopInTheMiddleMeansNoFurtherChunk,
                            InvalidUtf8IsRefused, OverlongTextIsRefused, ASpeedOutOfRangeIsRefused,
                            AnUnknownLanguageIsUnsupported, FourThreadsHearWhatOneHears, SpeechBeginsAtOnce,
                            SentencesAreEquallyLoud);

}  // namespace antiphon::contract
