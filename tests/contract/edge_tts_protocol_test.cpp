#include "engine/edge_tts/edge_protocol.hpp"
#include "engine/edge_tts/edge_voices.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace antiphon::engine::edge_tts {
namespace {

TEST(EdgeProtocol, TheTokenIsThatOfTheOpenSourceClient) {
    // Computed with edge-tts 7.2.7's drm.py.
    EXPECT_EQ(security_token(1'700'000'000), "42301B335578FEFDAE2637DED1ABD614505D432559EC08032B82048483726AFF");
    EXPECT_EQ(security_token(1'763'017'777), "E64ED0F48BB2B45254423C1C49ED367DBE15D1535FE77D59E9600EF34B65FBF0");
    EXPECT_EQ(security_token(1'763'017'777 - 1'763'017'777 % 300), security_token(1'763'017'777));
}

TEST(EdgeProtocol, AMessageHasHeadersAnEmptyLineAndABody) {
    const std::string speech = speech_message("0123", 0, "sv-SE-SofieNeural", 1.0F, "a\x01<b>");
    EXPECT_EQ(speech,
              "X-RequestId:0123\r\nContent-Type:application/ssml+xml\r\n"
              "X-Timestamp:Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)Z\r\nPath:ssml\r\n\r\n"
              "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='en-US'>"
              "<voice name='Microsoft Server Speech Text to Speech Voice (sv-SE, SofieNeural)'><prosody pitch='+0Hz' rate='+0%' volume='+0%'>a &lt;b&gt;"
              "</prosody></voice></speak>");
    const auto rate = [](float speed) {
        const std::string text = speech_message("0", 0, "v", speed, "");
        const auto begin = text.find("rate='") + 6;
        return text.substr(begin, text.find('\'', begin) - begin);
    };
    EXPECT_EQ(rate(2.0F), "+100%");
    EXPECT_EQ(rate(4.0F), "+100%");
    EXPECT_EQ(rate(0.8F), "-20%");
    EXPECT_EQ(rate(0.25F), "-50%");
}

TEST(EdgeProtocol, PartsHoldTheTextWholeAndFitTheService) {
    EXPECT_TRUE(request_parts(" \n ").empty());
    EXPECT_EQ(request_parts("Hello."), std::vector<std::string>{"Hello."});
    std::string words;
    while (words.size() < 10'000) words += "word ";
    std::string joined;
    for (const std::string& part : request_parts(words)) {
        EXPECT_LE(part.size(), kMostTextBytes);
        joined += part + (part.back() == ' ' ? "" : " ");
    }
    EXPECT_EQ(joined, words);
    const auto spaceless = request_parts(std::string(5'000, 'a'));
    ASSERT_EQ(spaceless.size(), 2U);
    EXPECT_EQ(spaceless[0].size() + spaceless[1].size(), 5'000U);
    EXPECT_EQ(request_parts(std::string(1'000, '&')).size(), 2U);
}

TEST(EdgeProtocol, ReadsAddresses) {
    const auto endpoint = Endpoint::parse("wss://example.org:8443/a/b");
    ASSERT_TRUE(endpoint);
    EXPECT_TRUE(endpoint->tls);
    EXPECT_EQ(endpoint->host, "example.org");
    EXPECT_EQ(endpoint->port, "8443");
    EXPECT_EQ(endpoint->path, "/a/b");
    const auto six = Endpoint::parse("ws://[::1]");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->port, "80");
    EXPECT_EQ(six->path, "/");
    EXPECT_TRUE(Endpoint::parse(kDefaultUrl));
}

TEST(EdgeProtocol, ReadsDates) {
    EXPECT_EQ(unix_seconds_of("Tue, 14 Nov 2023 22:13:20 GMT"), 1'700'000'000);
    for (const char* date : {"", "yesterday", "Tue, 14 Nov 2023 22:13:20", "Tue, 14 Nov 2023 22:13:20 GMT+1"})
        EXPECT_FALSE(unix_seconds_of(date)) << date;
}

TEST(EdgeProtocol, SurvivesWhateverItIsSent) {
    std::mt19937 random(3);
    const std::string sound = std::string("\0\x25", 2) + "Path:audio\r\nContent-Type:audio/mpeg\r\n" + "mp3";
    ASSERT_TRUE(read_binary_message(sound));
    EXPECT_EQ(read_binary_message(sound)->sound, "mp3");
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = sound.substr(0, random() % (sound.size() + 1));
        for (unsigned changes = random() % 4; changes > 0 && !bytes.empty(); --changes)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        const auto message = read_binary_message(bytes);
        if (message) {
            EXPECT_LE(message->sound.size(), bytes.size());
        }
        (void)read_text_message(bytes);
    }
}

TEST(EdgeVoices, EachIsNamedByItsLanguage) {
    const auto voices = known_voices();
    EXPECT_EQ(std::set<std::string>(voices.begin(), voices.end()).size(), voices.size());
    for (const std::string& voice : voices) {
        EXPECT_FALSE(language_of(voice).empty()) << voice;
        EXPECT_TRUE(voice.ends_with("Neural")) << voice;
        EXPECT_NE(voice_for(voices, language_of(voice)), nullptr) << voice;
    }
    const auto name = [&](const char* language) {
        const std::string* voice = voice_for(voices, language);
        return voice == nullptr ? std::string("none") : *voice;
    };
    EXPECT_EQ(name("en"), "en-US-AriaNeural");
    EXPECT_EQ(name("en_gb"), "en-GB-SoniaNeural");
    EXPECT_EQ(name("no"), "nb-NO-PernilleNeural");
    EXPECT_EQ(name("pt-AO"), "pt-PT-RaquelNeural");
    EXPECT_EQ(name("tlh"), "none");
    for (const char* text : {"", "joe", "sv-SE", "sv-SE-", "sv-SE-a'b", "-x-y"}) EXPECT_EQ(language_of(text), "") << text;
}

}  // namespace
}  // namespace antiphon::engine::edge_tts
