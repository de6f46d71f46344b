#include "engine/piper/espeak_phonemizer.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <stdexcept>
#include <thread>
#include <vector>

// For LeakSanitizer: espeak-ng 1.51 loses about 1.3 KB each time it changes its voice, which only the
// test with several voices does often. SpeakingOnDoesNotGrowTheProcess guards the usual way.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libespeak-ng"; }

namespace antiphon::engine::piper {
namespace {

EspeakPhonemizer open(const char* voice) {
    auto phonemizer = EspeakPhonemizer::open(voice);
    if (!phonemizer) throw std::runtime_error(phonemizer.error().text);
    return std::move(*phonemizer);
}

TEST(EspeakPhonemizer, GivesIpa) {
    EXPECT_EQ(*open("en-us").phonemes("hello world"), U"həlˈoʊ wˈɜːld");
    EXPECT_EQ(*open("en-us").phonemes("  one,  two "), U"wˈʌn tˈuː");
    EXPECT_EQ(*open("de").phonemes("Größe"), U"ɡɾˈøːsə");
}

TEST(EspeakPhonemizer, DecomposesAndDropsLanguageMarks) {
    EXPECT_EQ(to_piper_phonemes("\u00E7 \u0250\u0303 \u00E3"), U"c\u0327 \u0250\u0303 a\u0303");
    EXPECT_EQ(to_piper_phonemes("(en)həlˈoʊ(en-us)  a "), U"həlˈoʊ a");
    EXPECT_EQ(to_piper_phonemes("a (b c) ("), U"a (b c) (");
    const auto mixed = open("cmn").phonemes("hello");
    ASSERT_TRUE(mixed);
    EXPECT_EQ(mixed->find(U'('), std::u32string::npos);
}

TEST(EspeakPhonemizer, RefusesWhatIsNoUtf8AndUnknownVoices) {
    const auto result = open("en-us").phonemes("a\xFF");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::invalid);
    for (const char* voice : {"", "xx-nonsense", "../../etc"}) {
        const auto opened = EspeakPhonemizer::open(voice);
        ASSERT_FALSE(opened) << voice;
        EXPECT_EQ(opened.error().code, base::Errc::unsupported);
    }
}

TEST(EspeakPhonemizer, ControlCharactersAreSpaces) {
    EXPECT_EQ(*open("en-us").phonemes(std::string("hello\0world", 11)), *open("en-us").phonemes("hello world"));
    EXPECT_TRUE(open("en-us").phonemes("\x1B[0m\x07")->size() < 20);
}

TEST(EspeakPhonemizer, AForeignTextLeavesTheVoiceAsItWas) {
    const auto voice = open("en-us");
    const std::u32string hello = *voice.phonemes("hello world");
    for (const char* text : {"привет мир", "你好", "مرحبا"}) {
        EXPECT_TRUE(voice.phonemes(text)) << text;
        EXPECT_EQ(*voice.phonemes("hello world"), hello) << text;
    }
    // Nor does a voice that there is not.
    EXPECT_FALSE(EspeakPhonemizer::open("xx-nonsense"));
    EXPECT_EQ(*voice.phonemes("hello world"), hello);
}

TEST(EspeakPhonemizer, SpeakingOnDoesNotGrowTheProcess) {
    const auto voice = open("en-us");
    ASSERT_TRUE(voice.phonemes("hello world"));
    const std::size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(voice.phonemes("hello world"));
    EXPECT_LT(mallinfo2().uordblks, before + 100'000);
}

TEST(EspeakPhonemizer, ThreadsWithDifferentVoicesDoNotDisturbEachOther) {
    const std::vector<const char*> voices{"en-us", "de", "fr", "sv"};
    const std::string text = "information international restaurant";
    std::vector<std::u32string> alone;
    for (const char* voice : voices) alone.push_back(*open(voice).phonemes(text));
    EXPECT_NE(alone[0], alone[1]);
    std::vector<int> wrong(voices.size(), 0);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < voices.size(); ++i)
            threads.emplace_back([&, i] {
                const auto phonemizer = open(voices[i]);
                for (int round = 0; round < 100; ++round)
                    if (*phonemizer.phonemes(text) != alone[i]) ++wrong[i];
            });
    }
    EXPECT_EQ(wrong, std::vector<int>(voices.size(), 0));
}

}  // namespace
}  // namespace antiphon::engine::piper
