#include "endpoints_fixture.hpp"

#include "audio/decoded_sound.hpp"

#include <chrono>

namespace antiphon::edge {
namespace {

const std::string kPath = "/v1/audio/speech";

class SpeechEndpoint : public EndpointsTest {
protected:
    static std::string body(const std::string& format = "pcm", const std::string& input = "Hello there.", const std::string& more = "") {
        return R"({"model":"tts-1","voice":"alloy","response_format":")" + format + R"(","input":")" + input + "\"" + more + "}";
    }
    void expect_refused(const std::string& request, const std::string& code, const std::string& param) {
        const auto answer = post(kPath, request);
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_EQ(answer.code(), code) << request << answer.body;
        EXPECT_EQ(answer.param(), param) << request << answer.body;
    }
};

TEST_F(SpeechEndpoint, GivesPcmOfTheTextsLength) {
    open();
    const auto answer = post(kPath, body());
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_NE(answer.head.find("Content-Type: audio/pcm\r\n"), std::string::npos);
    EXPECT_EQ(answer.body.size(), 2 * audio::samples_in(synthesizer.length_of("Hello there."), 24000));
}

TEST_F(SpeechEndpoint, GivesEveryFormat) {
    open();
    const double length = base::seconds(synthesizer.length_of("Hello there."));
    for (const auto& [format, type] : std::vector<std::pair<std::string, std::string>>{
             {"mp3", "audio/mpeg"}, {"opus", "audio/ogg"}, {"aac", "audio/aac"}, {"flac", "audio/flac"}, {"wav", "audio/wav"}}) {
        SCOPED_TRACE(format);
        const auto answer = post(kPath, body(format));
        ASSERT_EQ(answer.status, 200) << answer.body;
        EXPECT_NE(answer.head.find("Content-Type: " + type + "\r\n"), std::string::npos);
        const auto sound = audio::decode_sound({reinterpret_cast<const std::uint8_t*>(answer.body.data()), answer.body.size()},
                                               16000, std::chrono::seconds(60), {});
        ASSERT_TRUE(sound) << sound.error().text;
        EXPECT_NEAR(base::seconds(sound->duration()), length, 0.12);
    }
    const auto standard = post(kPath, R"({"model":"tts-1","voice":"alloy","input":"Hi"})");
    EXPECT_NE(standard.head.find("Content-Type: audio/mpeg\r\n"), std::string::npos) << "mp3, as OpenAI's";
}

TEST_F(SpeechEndpoint, SpeaksSentenceBySentenceWithoutMarkup) {
    open();
    ASSERT_EQ(post(kPath, body("pcm", R"(**One** two three four. \n- Five six seven eight nine. \n```\ncode\n```\n)")).status, 200);
    const auto texts = synthesizer.texts();
    ASSERT_EQ(texts.size(), 2U);
    EXPECT_EQ(texts[0], "One two three four.");
    EXPECT_EQ(texts[1], "Five six seven eight nine.");
}

TEST_F(SpeechEndpoint, FasterIsShorter) {
    open();
    const auto usual = post(kPath, body()).body.size();
    EXPECT_NEAR(static_cast<double>(post(kPath, body("pcm", "Hello there.", R"(,"speed":2.0)")).body.size()),
                static_cast<double>(usual) / 2, 100.0);
}

TEST_F(SpeechEndpoint, SoundGoesOutBeforeTheTextIsSpoken) {
    synthesizer.hold_before(1);
    open();
    EndpointClient client(listener->port());
    client.write(request(kPath, "application/json", body()));
    EXPECT_NE(client.read_head().find("200 OK"), std::string::npos);
    EXPECT_NE(client.read_until("\r\n"), "") << "the first chunk came while the second is held";
    synthesizer.release();
    bool whole = false;
    EXPECT_TRUE(client.read_rest(&whole).ends_with("0\r\n\r\n"));
    EXPECT_TRUE(whole);
}

TEST_F(SpeechEndpoint, AClientThatGoesStopsTheVoice) {
    synthesizer.hold_before(1);
    open();
    EndpointClient client(listener->port());
    client.write(request(kPath, "application/json", body("pcm", "One two three four. Five six seven eight nine.")));
    synthesizer.wait_until_held();
    client.close();
    while (synthesizer.cancelled() == 0) std::this_thread::yield();
    EXPECT_EQ(synthesizer.calls(), 1U) << "the second sentence was not begun";
}

TEST_F(SpeechEndpoint, WaitsForTheClientBetweenSentences) {
    settings.max_queued = 300'000;
    std::string input;
    for (int i = 0; i < 60; ++i) input += "This sentence is one of many that nobody reads for now. ";
    open();
    EndpointClient client(listener->port());
    client.write(request(kPath, "application/json", body("pcm", input)));
    bool whole = false;
    const auto rest = client.read_rest(&whole);
    EXPECT_TRUE(whole);
    EXPECT_TRUE(rest.ends_with("0\r\n\r\n"));
    EXPECT_EQ(synthesizer.calls(), 60U);
    EXPECT_GT(rest.size(), 10 * settings.max_queued) << "made all at once, this would have cut the client off";
}

TEST_F(SpeechEndpoint, AFailureAmidstTheSoundCutsTheConnection) {
    synthesizer.fail_next(base::error(base::Errc::engine, "hoarse"), 2);
    open();
    EndpointClient client(listener->port());
    client.write(request(kPath, "application/json", body()));
    const auto text = client.read_rest();
    EXPECT_NE(text.find("200 OK"), std::string::npos);
    EXPECT_FALSE(text.ends_with("0\r\n\r\n")) << "the client sees that the sound is not whole";
}

TEST_F(SpeechEndpoint, AFailureBeforeTheSoundHasAStatus) {
    synthesizer.fail_next(base::error(base::Errc::engine, "hoarse"), 0);
    open();
    const auto answer = post(kPath, body());
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.code(), "engine_error");
}

TEST_F(SpeechEndpoint, RefusesWhatIsWrong) {
    open();
    expect_refused(R"({"voice":"alloy","input":"x"})", "missing_required_parameter", "model");
    expect_refused(R"({"model":"tts-1","voice":"alloy"})", "missing_required_parameter", "input");
    expect_refused(R"({"model":"tts-1","input":"x"})", "missing_required_parameter", "voice");
    expect_refused(R"({"model":"tts-1","voice":7,"input":"x"})", "invalid_type", "voice");
    expect_refused(R"({"model":"tts-1","voice":{},"input":"x"})", "missing_required_parameter", "voice.id");
    expect_refused(R"({"model":"tts-1","voice":"nobody","input":"x"})", "voice_not_found", "voice");
    expect_refused(R"({"model":"tts-1","voice":"alloy","input":["x"]})", "invalid_type", "input");
    expect_refused(body("pcm", ""), "invalid_value", "input");
    expect_refused(body("pcm", std::string(4097, 'x')), "invalid_value", "input");
    expect_refused(body("pcm", "\xF0\x9F\x98\x80"), "invalid_value", "input");
    expect_refused(body("ogg"), "invalid_value", "response_format");
    expect_refused(body("pcm", "x", R"(,"speed":0.1)"), "invalid_value", "speed");
    expect_refused(body("pcm", "x", R"(,"speed":"fast")"), "invalid_type", "speed");
    expect_refused(body("pcm", "x", R"(,"stream_format":"sse")"), "unsupported", "stream_format");
    const auto unknown = post(kPath, R"({"model":"whisper-1","voice":"alloy","input":"x"})");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.code(), "model_not_found");
    EXPECT_EQ(synthesizer.calls(), 0U);
}

}  // namespace
}  // namespace antiphon::edge
