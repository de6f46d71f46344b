#include "engine/piper/voice_config.hpp"
#include "engine/language_tag.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine::piper {
namespace {

std::string json_with(std::string_view from = {}, std::string_view to = {}) {
    std::string json = R"({"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},
        "inference":{"noise_scale":0.5,"length_scale":1.1,"noise_w":0.7},"phoneme_type":"espeak","phoneme_map":{},
        "phoneme_id_map":{"_":[0],"^":[1],"$":[2]," ":[3],"a":[14],"ˈ":[120]},
        "num_speakers":2,"speaker_id_map":{"anna":0,"bo":1},"language":{"code":"en_US"},"dataset":"joe"})";
    if (!from.empty()) json.replace(json.find(from), from.size(), to);
    return json;
}

TEST(VoiceConfig, TakesWhatTheFileSays) {
    const auto config = parse_voice_config(json_with());
    ASSERT_TRUE(config);
    EXPECT_EQ(config->sample_rate, 22050);
    EXPECT_EQ(config->language, "en-US");
    EXPECT_EQ(config->espeak_voice, "en-us");
    EXPECT_FLOAT_EQ(config->noise_scale, 0.5F);
    EXPECT_FLOAT_EQ(config->length_scale, 1.1F);
    EXPECT_FLOAT_EQ(config->noise_w, 0.7F);
    EXPECT_EQ(config->speakers, 2);
    EXPECT_EQ(config->speaker_ids.at("bo"), 1);
    EXPECT_EQ(config->phoneme_ids.at(U'ˈ'), (std::vector<std::int64_t>{120}));
    EXPECT_EQ(config->dataset, "joe");
}

TEST(VoiceConfig, AnOlderVoiceIsNamedByItsEspeakVoice) {
    const auto config = parse_voice_config(json_with(R"("language":{"code":"en_US"},)", ""));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->language, "en-us");
    EXPECT_TRUE(speaks(config->language, "en-US"));
}

TEST(VoiceConfig, NamesTheMemberAtFault) {
    const auto param = [](std::string_view from, std::string_view to) {
        const auto config = parse_voice_config(json_with(from, to));
        EXPECT_FALSE(config) << to;
        if (config) return std::string("accepted");
        EXPECT_EQ(config.error().code, base::Errc::invalid);
        return config.error().param;
    };
    EXPECT_EQ(param("22050", "\"fast\""), "audio.sample_rate");
    EXPECT_EQ(param("22050", "1"), "audio.sample_rate");
    EXPECT_EQ(param("\"voice\"", "\"vice\""), "espeak.voice");
    EXPECT_EQ(param("1.1", "0"), "inference.length_scale");
    EXPECT_EQ(param("0.5", "-1"), "inference.noise_scale");
    EXPECT_EQ(param("\"^\":[1],", ""), "phoneme_id_map");
    EXPECT_EQ(param("[14]", "14"), "phoneme_id_map");
    EXPECT_EQ(param("[14]", "[-1]"), "phoneme_id_map");
    EXPECT_EQ(param("\"bo\":1", "\"bo\":2"), "speaker_id_map");
    EXPECT_EQ(param("\"num_speakers\":2", "\"num_speakers\":0"), "num_speakers");
}

TEST(VoiceConfig, RefusesWhatIsNoJsonObject) {
    for (const char* text : {"", "[]", "{", "12", "\xFF\xFE", "{\"audio\":3}"})
        EXPECT_FALSE(parse_voice_config(text)) << text;
    const auto other = parse_voice_config(json_with("\"espeak\",\"phoneme_map\"", "\"pinyin\",\"phoneme_map\""));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, base::Errc::unsupported);
    const auto missing = read_voice_config("there/is/no/such.json");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::unavailable);
}

TEST(PhonemeIds, PadsBetweenBeginAndEnd) {
    const auto config = parse_voice_config(json_with());
    ASSERT_TRUE(config);
    const auto [ids, unknown] = to_ids(U"aˈ", *config);
    EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 0, 14, 0, 120, 0, 2}));
    EXPECT_EQ(unknown, 0U);
}

TEST(PhonemeIds, LeavesOutAndCountsWhatItDoesNotKnow) {
    const auto config = parse_voice_config(json_with());
    ASSERT_TRUE(config);
    const auto [ids, unknown] = to_ids(U"ʘaʘ", *config);
    EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 0, 14, 0, 2}));
    EXPECT_EQ(unknown, 2U);
}

TEST(PhonemeIds, ReplacesByThePhonemeMap) {
    const auto config = parse_voice_config(json_with("\"phoneme_map\":{}", "\"phoneme_map\":{\"c\":[\"a\",\" \"]}"));
    ASSERT_TRUE(config);
    EXPECT_EQ(to_ids(U"c", *config).ids, (std::vector<std::int64_t>{1, 0, 14, 0, 3, 0, 2}));
}

}  // namespace
}  // namespace antiphon::engine::piper
