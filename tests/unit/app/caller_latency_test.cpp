#include "app/caller_latency.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace antiphon::app {
namespace {

constexpr int kRate = 24000;
constexpr std::size_t kMillisecond = kRate / 1000;

audio::Pcm quiet_room(std::size_t milliseconds) {
    audio::Pcm sound{std::vector<float>(milliseconds * kMillisecond), kRate};
    std::mt19937 random(7);
    for (float& sample : sound.samples) sample = (static_cast<float>(random() % 2001) - 1000.0F) * 1e-6F;  // -65 dBFS
    return sound;
}

void add_tone(audio::Pcm& sound, std::size_t from_ms, std::size_t to_ms, float amplitude) {
    for (std::size_t i = from_ms * kMillisecond; i < to_ms * kMillisecond; ++i)
        sound.samples[i] +=
            amplitude * static_cast<float>(std::cos(2.0 * std::numbers::pi * 500.0 * static_cast<double>(i) / kRate));
}

double milliseconds(std::optional<std::size_t> sample) {
    return sample ? static_cast<double>(*sample) / kMillisecond : -1.0;
}

TEST(CallerLatency, FindsTheEndOfSpeechToTheMillisecond) {
    auto sound = quiet_room(3000);
    add_tone(sound, 200, 700, 0.3F);
    add_tone(sound, 1200, 1735, 0.3F);
    EXPECT_NEAR(milliseconds(last_speech_sample(sound)), 1735.0, 1.0);
}

TEST(CallerLatency, FindsSpeechThatEndsWithTheFile) {
    auto sound = quiet_room(1000);
    add_tone(sound, 200, 1000, 0.3F);
    EXPECT_NEAR(milliseconds(last_speech_sample(sound)), 1000.0, 1.0);
}

TEST(CallerLatency, ARecordingsOwnNoiseIsNotSpeech) {
    auto sound = quiet_room(2000);
    add_tone(sound, 0, 2000, 0.01F);  // -43 dBFS of hum
    add_tone(sound, 300, 900, 0.9F);
    EXPECT_NEAR(milliseconds(last_speech_sample(sound)), 900.0, 1.0);
}

TEST(CallerLatency, QuietSpeechCountsDownToTheThreshold) {
    auto sound = quiet_room(1000);
    add_tone(sound, 100, 500, 0.0094F);  // -43.5 dBFS
    EXPECT_NEAR(milliseconds(last_speech_sample(sound)), 500.0, 2.0);
    auto fainter = quiet_room(1000);
    add_tone(fainter, 100, 500, 0.0066F);  // -46.6 dBFS
    EXPECT_FALSE(last_speech_sample(fainter));
}

TEST(CallerLatency, NothingInSilenceOrInNothing) {
    EXPECT_FALSE(last_speech_sample(quiet_room(500)));
    EXPECT_FALSE(first_audible_sample(quiet_room(500), 0));
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{239}}) {
        const audio::Pcm scrap{std::vector<float>(size, 0.5F), kRate};
        EXPECT_FALSE(last_speech_sample(scrap)) << size;
        EXPECT_FALSE(first_audible_sample(scrap, 0)) << size;
    }
}

TEST(CallerLatency, FindsTheBeginningOfTheAnswer) {
    auto sound = quiet_room(3000);
    add_tone(sound, 1234, 2000, 0.2F);
    EXPECT_NEAR(milliseconds(first_audible_sample(sound, 0)), 1234.0, 1.0);
    EXPECT_NEAR(milliseconds(first_audible_sample(sound, 1000 * kMillisecond)), 1234.0, 1.0);
}

TEST(CallerLatency, AnEarlierAnswerDoesNotCount) {
    auto sound = quiet_room(3000);
    add_tone(sound, 100, 500, 0.2F);
    add_tone(sound, 2100, 2500, 0.2F);
    EXPECT_NEAR(milliseconds(first_audible_sample(sound, 600 * kMillisecond)), 2100.0, 1.0);
}

TEST(CallerLatency, AClickIsNoAnswer) {
    auto sound = quiet_room(3000);
    add_tone(sound, 1000, 1015, 0.5F);
    EXPECT_FALSE(first_audible_sample(sound, 0));
    add_tone(sound, 2000, 2035, 0.5F);
    EXPECT_NEAR(milliseconds(first_audible_sample(sound, 0)), 2000.0, 1.0);
}

TEST(CallerLatency, ANumberThatIsNoneDoesNotHideTheRest) {
    auto sound = quiet_room(1000);
    add_tone(sound, 100, 500, 0.3F);
    sound.samples[10] = std::nanf("");
    sound.samples[11] = INFINITY;
    EXPECT_NEAR(milliseconds(last_speech_sample(sound)), 500.0, 1.0);
}

TEST(CallerLatency, BeginningBeyondTheEndFindsNothing) {
    auto sound = quiet_room(100);
    add_tone(sound, 0, 100, 0.3F);
    EXPECT_FALSE(first_audible_sample(sound, 100 * kMillisecond));
    EXPECT_FALSE(first_audible_sample(sound, 1'000'000));
}

}  // namespace
}  // namespace antiphon::app
