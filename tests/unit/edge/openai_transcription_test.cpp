#include "endpoints_fixture.hpp"

#include "audio/sound_encoder.hpp"
#include "audio/wav.hpp"

#include <chrono>
#include <cmath>

namespace antiphon::edge {
namespace {

const std::string kPath = "/v1/audio/transcriptions";
const std::string kType = "multipart/form-data; boundary=b";

/// Seconds of tone and of silence in turns, from the tone on.
std::string sound_of(std::initializer_list<double> seconds) {
    audio::Pcm sound{{}, 16000};
    bool loud = true;
    for (const double length : seconds) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(length * 16000); ++i)
            sound.samples.push_back(loud ? 0.3F * std::sin(0.2F * static_cast<float>(i)) : 0.0F);
        loud = !loud;
    }
    const auto file = audio::encode_wav(sound);
    return {file.begin(), file.end()};
}

std::string field(const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
std::string file(const std::string& bytes) {
    return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n" + bytes + "\r\n";
}
const std::string kModel = field("model", "whisper-1");
const std::string kEnd = "--b--\r\n";

class TranscriptionEndpoint : public EndpointsTest {
protected:
    Answer transcribe(const std::string& parts) { return post(kPath, kType, parts + kEnd); }
    void expect_refused(const Answer& answer, const std::string& code, const std::string& param, int status = 400) {
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.code(), code) << answer.body;
        EXPECT_EQ(answer.param(), param) << answer.body;
    }
};

TEST_F(TranscriptionEndpoint, GivesTheWords) {
    recognizer.answer_with("Good morning.");
    open();
    const auto answer = transcribe(kModel + file(sound_of({1.0, 0.3})));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json(), boost::json::parse(R"({"text":"Good morning.","usage":{"type":"duration","seconds":2}})"));
}

TEST_F(TranscriptionEndpoint, GivesEveryFormat) {
    open();
    const auto ask = [&](const std::string& format) {
        recognizer.answer_with("One.");
        recognizer.answer_with("Two.");
        return transcribe(kModel + field("response_format", format) + file(sound_of({1.0, 1.0, 1.0})));
    };
    EXPECT_EQ(ask("text").body, "One. Two.\n");
    EXPECT_NE(ask("srt").body.find(" --> 00:00:03,000\nTwo.\n"), std::string::npos);
    EXPECT_TRUE(ask("vtt").body.starts_with("WEBVTT\n\n00:00:00.000 --> "));
    const auto verbose = ask("verbose_json").json();
    EXPECT_EQ(verbose.at("segments").as_array().size(), 2U);
    EXPECT_EQ(verbose.at("language"), "en");
}

TEST_F(TranscriptionEndpoint, StreamsEachSegment) {
    recognizer.answer_with("One.");
    recognizer.answer_with("Two.");
    open();
    const auto answer = transcribe(kModel + field("stream", "true") + file(sound_of({1.0, 1.0, 1.0})));
    EXPECT_EQ(answer.body,
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\"One.\"}\n\n"
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\" Two.\"}\n\n"
              "data: {\"text\":\"One. Two.\",\"usage\":{\"type\":\"duration\",\"seconds\":3},\"type\":\"transcript.text.done\"}\n\n");
}

TEST_F(TranscriptionEndpoint, SilenceHasNoWords) {
    open();
    const auto silent = audio::encode_wav(audio::Pcm{std::vector<float>(32000, 0.0F), 16000});
    const auto answer = transcribe(kModel + file({silent.begin(), silent.end()}));
    EXPECT_EQ(answer.json().at("text"), "");
    EXPECT_EQ(recognizer.started(), 0U);
}

TEST_F(TranscriptionEndpoint, RefusesFilesThatAreNone) {
    open();
    expect_refused(transcribe(kModel), "missing_required_parameter", "file");
    expect_refused(transcribe(kModel + file("")), "invalid_value", "file");
    expect_refused(transcribe(kModel + field("file", "text")), "invalid_type", "file");
    expect_refused(transcribe(kModel + file("This is a text.\n")), "invalid_value", "file");
    expect_refused(transcribe(kModel + file(sound_of({}))), "invalid_value", "file");
    auto nan = sound_of({0.5});
    nan[20] = 3, nan[32] = 4, nan[34] = 32;  // 32-bit floats ...
    for (std::size_t i = 44; i < nan.size(); ++i) nan[i] = '\xff';  // ... that are no numbers
    expect_refused(transcribe(kModel + file(nan)), "invalid_value", "file");
    services.longest_recording = std::chrono::seconds(1);
    expect_refused(transcribe(kModel + file(sound_of({1.5}))), "invalid_value", "file");
    EXPECT_EQ(recognizer.started(), 0U);
}

TEST_F(TranscriptionEndpoint, ATruncatedMp3IsTakenAsFarAsItGoes) {
    auto encoder = audio::SoundEncoder::open(audio::SoundFormat::mp3, 24000);
    ASSERT_TRUE(encoder);
    std::vector<float> samples(48000);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = 0.3F * std::sin(0.2F * static_cast<float>(i));
    std::string mp3 = *(*encoder)->encode(samples);
    mp3.resize(mp3.size() / 2);
    recognizer.answer_with("Half.");
    open();
    EXPECT_EQ(transcribe(kModel + file(mp3)).json().at("text"), "Half.");
}

TEST_F(TranscriptionEndpoint, RefusesWrongFields) {
    open();
    const std::string sound = file(sound_of({0.5}));
    expect_refused(transcribe(sound), "missing_required_parameter", "model");
    expect_refused(transcribe(field("model", "nobody") + sound), "model_not_found", "model", 404);
    expect_refused(transcribe(kModel + sound + field("response_format", "xml")), "invalid_value", "response_format");
    expect_refused(transcribe(kModel + sound + field("temperature", "warm")), "invalid_type", "temperature");
    expect_refused(transcribe(kModel + sound + field("temperature", "nan")), "invalid_value", "temperature");
    expect_refused(transcribe(kModel + sound + field("temperature", "1.5")), "invalid_value", "temperature");
    expect_refused(transcribe(kModel + sound + field("language", "xx")), "unsupported", "language");
    expect_refused(transcribe(kModel + sound + field("language", std::string(40, 'e'))), "invalid_value", "language");
    expect_refused(transcribe(kModel + sound + field("prompt", "\xff")), "invalid_type", "prompt");
    expect_refused(transcribe(kModel + sound + field("stream", "maybe")), "invalid_type", "stream");
    expect_refused(transcribe(kModel + sound + field("stream", "true") + field("response_format", "srt")), "unsupported", "stream");
    expect_refused(transcribe(kModel + sound + field("timestamp_granularities[]", "word")), "unsupported", "timestamp_granularities");
    EXPECT_EQ(transcribe(kModel + sound + field("timestamp_granularities[]", "segment") + field("temperature", "0") +
                         field("language", "en") + field("something", "else"))
                  .status,
              200);
}

TEST_F(TranscriptionEndpoint, RefusesBodiesThatAreMalformed) {
    open();
    EXPECT_EQ(post(kPath, "application/json", "{}").code(), "invalid_multipart");
    EXPECT_EQ(post(kPath, "multipart/form-data", kModel + kEnd).code(), "invalid_multipart");
    EXPECT_EQ(post(kPath, kType, kModel).code(), "invalid_multipart");
    EXPECT_EQ(post(kPath, kType, "--b\r\nX: " + std::string(100'000, 'x')).code(), "invalid_multipart");
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += field("a", "b");
    EXPECT_EQ(transcribe(many).code(), "invalid_multipart");
}

TEST_F(TranscriptionEndpoint, BoundsTheBodyOnItsOwn) {
    settings.max_body = 1000;
    settings.max_upload = 100'000;
    open();
    EXPECT_EQ(transcribe(kModel + file(sound_of({2.0}))).status, 200);
    EXPECT_EQ(post(kPath, kType, std::string(100'001, 'x')).status, 413);
    EXPECT_EQ(post("/v1/chat/completions", std::string(1001, ' ')).status, 413);
    EndpointClient client(listener->port());
    client.write("POST " + kPath + " HTTP/1.1\r\nHost: here\r\nContent-Type: " + kType + "\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 12; ++i) client.write("2710\r\n" + std::string(10'000, 'x') + "\r\n");
    EXPECT_EQ(parsed(client.read_rest()).status, 413);
}

TEST_F(TranscriptionEndpoint, SaysGoOnToClientsThatAsk) {
    open();
    EndpointClient client(listener->port());
    const std::string body = kModel + file(sound_of({0.5})) + kEnd;
    client.write("POST " + kPath + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: " + kType +
                 "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write(body);
    EXPECT_EQ(parsed(client.read_rest()).status, 200);
}

TEST_F(TranscriptionEndpoint, BoundsHowManyRecordingsAreInMemory) {
    settings.max_uploads = 1;
    recognizer.hold();
    open();
    EndpointClient first(listener->port());
    first.write(request(kPath, kType, kModel + file(sound_of({0.5})) + kEnd));
    recognizer.wait_until_held();
    const auto second = transcribe(kModel + file(sound_of({0.5})));
    EXPECT_EQ(second.status, 503);
    EXPECT_EQ(second.code(), "overloaded");
    recognizer.release();
    EXPECT_EQ(parsed(first.read_rest()).status, 200);
}

TEST_F(TranscriptionEndpoint, AClientThatGoesStopsTheWork) {
    recognizer.hold();
    open();
    EndpointClient client(listener->port());
    client.write(request(kPath, kType, kModel + file(sound_of({0.5})) + kEnd));
    recognizer.wait_until_held();
    client.close();
    while (recognizer.cancelled() == 0) std::this_thread::yield();
}

}  // namespace
}  // namespace antiphon::edge
