// The parts of the Whisper backend that need no model.
#include "contract/hearing_sounds.hpp"
#include "engine/whisper/language.hpp"
#include "engine/whisper/repetition.hpp"
#include "engine/whisper/sound_check.hpp"
#include "engine/whisper/transcript_text.hpp"
#include "engine/whisper/verdict.hpp"
#include "engine/whisper/window.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace antiphon::engine::whisper {
namespace {

using contract::Noise;

TEST(Window, GrowsWithTheSoundAndEndsAtTheFullOne) {
    EXPECT_EQ(cut_window(contract::samples_of(3.0)), 216);  // 150 + 64, in eights
    EXPECT_EQ(cut_window(contract::samples_of(8.0)), 464);
    EXPECT_EQ(cut_window(contract::samples_of(8.0) + 1), 472);
    EXPECT_EQ(cut_window(contract::samples_of(28.7)), kFullWindow);
    EXPECT_EQ(cut_window(contract::samples_of(30.0)), kFullWindow);
}

TEST(Window, HasALeastForShortSounds) {
    EXPECT_EQ(cut_window(2), kLeastWindow);
    EXPECT_EQ(cut_window(contract::samples_of(2.7)), kLeastWindow);
    EXPECT_GT(cut_window(contract::samples_of(2.9)), kLeastWindow);
}

TEST(Window, BoundsTheTokens) {
    EXPECT_EQ(token_budget(2), 9);
    EXPECT_EQ(token_budget(contract::samples_of(1.0)), 15);
    EXPECT_EQ(token_budget(contract::samples_of(30.0)), 218);
}

std::size_t tail(std::vector<std::int32_t> tokens) { return repeated_tail(tokens); }

TEST(Repetition, SeesNoneInATextThatGoesOn) {
    EXPECT_EQ(tail({}), 0U);
    EXPECT_EQ(tail({1}), 0U);
    EXPECT_EQ(tail({1, 2, 3, 4, 5, 6, 7}), 0U);
    EXPECT_EQ(tail({9, 9, 9}), 0U);                 // "no no no"
    EXPECT_EQ(tail({1, 2, 1, 2}), 0U);              // "bye bye, bye bye"
    EXPECT_EQ(tail({1, 2, 3, 1, 2, 3}), 0U);        // said twice
    EXPECT_EQ(tail({1, 2, 3, 4, 1, 2, 3, 9}), 0U);  // begins alike, ends differently
}

TEST(Repetition, SeesLoops) {
    EXPECT_EQ(tail({7, 9, 9, 9, 9, 9}), 4U);
    EXPECT_EQ(tail({1, 2, 1, 2, 1, 2, 1, 2, 1, 2}), 8U);
    EXPECT_EQ(tail({5, 1, 2, 3, 1, 2, 3, 1, 2, 3}), 6U);
    EXPECT_EQ(tail({1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}), 6U);
}

TEST(TranscriptText, KeepsTheWordsAlone) {
    EXPECT_EQ(spoken_words("  Hello there. "), "Hello there.");
    EXPECT_EQ(spoken_words(" [MUSIC] Hello (coughs) there.\n"), "Hello there.");
    EXPECT_EQ(spoken_words("*sighs* I don't know"), "I don't know");
    EXPECT_EQ(spoken_words("♪ la la ♪"), "la la");
    EXPECT_EQ(spoken_words(">> Who is there?"), "Who is there?");
    EXPECT_EQ(spoken_words("2 * 3 is six"), "2 3 is six");
    EXPECT_EQ(spoken_words("Ja visst, så är det."), "Ja visst, så är det.");
    EXPECT_EQ(spoken_words("（笑）こんにちは"), "こんにちは");
    EXPECT_EQ(spoken_words("I was [inaudible"), "I was");
}

TEST(TranscriptText, IsEmptyWithoutWords) {
    for (const char* text : {"", " ", "[BLANK_AUDIO]", "(wind blowing)", "...", "♪♪♪", " . ", "[MUSIC", "*", "-", "¿?", "。"})
        EXPECT_EQ(spoken_words(text), "") << text;
}

TEST(TranscriptText, DropsACharacterCutInTheMiddle) {
    EXPECT_EQ(spoken_words("caf\xC3"), "caf");
    EXPECT_EQ(spoken_words("\xE3\x81"), "");
}

TEST(TranscriptText, KnowsSubtitlePhrases) {
    EXPECT_TRUE(is_subtitle_phrase("Thanks for watching!"));
    EXPECT_TRUE(is_subtitle_phrase(" thank you."));
    EXPECT_TRUE(is_subtitle_phrase("I'll see you in the next video."));
    EXPECT_TRUE(is_subtitle_phrase("Untertitel der Amara.org-Community"));
    EXPECT_TRUE(is_subtitle_phrase("ご視聴ありがとうございました。"));
    EXPECT_FALSE(is_subtitle_phrase("Thank you for the flowers."));
    EXPECT_FALSE(is_subtitle_phrase(""));
}

TEST(SoundCheck, SpeechMovesAndNoiseDoesNot) {
    EXPECT_TRUE(can_hold_speech(check_sound(contract::kennedy().samples)));
    EXPECT_TRUE(can_hold_speech(check_sound(contract::kennedy(0.3, 1.25).samples)));
    EXPECT_TRUE(can_hold_speech(check_sound(contract::with_gain(contract::kennedy(), 0.003F).samples)));
    for (const Noise kind : contract::kSteadyNoises)
        for (const double seconds : {0.1, 0.3, 1.0, 8.0})
            for (const float dbfs : {-70.0F, -40.0F, -10.0F})
                EXPECT_FALSE(can_hold_speech(check_sound(contract::noise(kind, seconds, dbfs).samples)))
                    << static_cast<int>(kind) << ' ' << seconds << ' ' << dbfs;
}

TEST(SoundCheck, HandlesTheShortestSounds) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{639}, std::size_t{640}})
        EXPECT_FALSE(can_hold_speech(check_sound(std::vector<float>(count, 0.25F)))) << count;
}

TEST(SoundCheck, RaisesFaintSoundsOnly) {
    EXPECT_FLOAT_EQ(gain_for({-10.0F, 30.0F}), 1.0F);
    EXPECT_FLOAT_EQ(gain_for({-20.0F, 30.0F}), 1.0F);
    EXPECT_NEAR(gain_for({-60.0F, 30.0F}), 100.0F, 0.01F);
}

Heard heard_with(float no_speech, float log_probability, Ending ending = Ending::finished) {
    Heard heard;
    heard.no_speech = no_speech;
    heard.mean_log_probability = log_probability;
    heard.ending = ending;
    return heard;
}

TEST(Verdict, TakesClearSpeech) {
    EXPECT_EQ(judge(heard_with(0.05F, -0.2F), "Turn on the light.", false), Verdict::spoken);
    EXPECT_EQ(judge(heard_with(0.25F, -0.2F), "Thank you.", false), Verdict::spoken);
    EXPECT_EQ(judge(heard_with(0.6F, -0.2F), "Tell me more.", false), Verdict::spoken);
    EXPECT_EQ(judge(heard_with(0.2F, -0.9F), "Thank you.", true), Verdict::spoken);
    EXPECT_EQ(judge(heard_with(0.3F, -0.9F, Ending::exhausted), "Turn on the light.", true), Verdict::spoken);
}

TEST(Verdict, DropsWhatNobodySaid) {
    EXPECT_EQ(judge(heard_with(0.5F, -0.2F), "", false), Verdict::nobody);
    EXPECT_EQ(judge(heard_with(0.5F, -1.5F), "1/2 oz", false), Verdict::nobody);
    EXPECT_EQ(judge(heard_with(0.8F, -2.0F, Ending::repeated), "Pi Pi", false), Verdict::nobody);
    EXPECT_EQ(judge(heard_with(0.05F, -0.2F), "", true), Verdict::nobody);
    EXPECT_EQ(judge(heard_with(0.6F, -0.1F), "Turn on the light.", true), Verdict::nobody);
    EXPECT_EQ(judge(heard_with(0.3F, -0.1F), "Thanks for watching!", true), Verdict::nobody);
}

TEST(Verdict, IsUnsureInACutWindowWithoutGoodEvidence) {
    EXPECT_EQ(judge(heard_with(0.7F, -0.2F), "Who are you?", false), Verdict::unsure);
    EXPECT_EQ(judge(heard_with(0.4F, -0.2F), "Thank you.", false), Verdict::unsure);
    EXPECT_EQ(judge(heard_with(0.05F, -0.9F), "ask not", false), Verdict::unsure);
    EXPECT_EQ(judge(heard_with(0.05F, -0.9F), "", false), Verdict::unsure);
    EXPECT_EQ(judge(heard_with(0.05F, -0.1F, Ending::repeated), "and so", false), Verdict::unsure);
    EXPECT_EQ(judge(heard_with(0.05F, -0.1F, Ending::exhausted), "and so", false), Verdict::unsure);
}

TEST(Language, ComesFromAndGoesToBcp47) {
    EXPECT_EQ(whisper_language("pt-BR"), "pt");
    EXPECT_EQ(whisper_language("EN_us"), "en");
    EXPECT_EQ(whisper_language("nb-NO"), "no");
    EXPECT_EQ(whisper_language("jv"), "jw");
    EXPECT_EQ(bcp47_language("jw"), "jv");
    EXPECT_EQ(bcp47_language("haw"), "haw");
    EXPECT_EQ(english_name("english"), "English");
    EXPECT_EQ(english_name("haitian creole"), "Haitian Creole");
    EXPECT_EQ(english_name("myanmar"), "Burmese");
}

}  // namespace
}  // namespace antiphon::engine::whisper
