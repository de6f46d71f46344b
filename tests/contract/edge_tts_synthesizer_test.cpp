// The real service cannot be reached by tests; fakes::EdgeService stands in for it.
#include "engine/edge_tts/edge_tts_synthesizer.hpp"
#include "contract/synthesizer_contract.hpp"
#include "fakes/edge_service.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>

namespace antiphon::engine::edge_tts {
namespace {

using fakes::EdgeService;

std::unique_ptr<EdgeTtsSynthesizer> open(EdgeTtsSettings settings, const std::string& url) {
    settings.url = url;
    auto voice = EdgeTtsSynthesizer::open(settings);
    if (!voice) throw std::runtime_error(voice.error().text);
    return std::move(*voice);
}

/// The service and its client as one.
class LocalEdge final : public Synthesizer {
public:
    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override {
        return client_->synthesize(utterance, sink, stop);
    }
    std::vector<std::string> voices() const override { return client_->voices(); }
    int sample_rate() const noexcept override { return client_->sample_rate(); }

private:
    static EdgeTtsSettings english() {
        EdgeTtsSettings settings;
        settings.languages = {"en"};
        return settings;
    }

    EdgeService service_;
    std::unique_ptr<EdgeTtsSynthesizer> client_ = open(english(), service_.url());
};

struct EdgeBackend {
    static constexpr double kSpread = 0.02;  // that of espeak-ng, which the stand-in speaks with
    static std::unique_ptr<Synthesizer> open() { return std::make_unique<LocalEdge>(); }
};

/// What a service of these manners does to an utterance: the failure's text, "" for success.
std::string failure_with(EdgeService::Manners manners, EdgeTtsSettings settings = {}) {
    EdgeService service(std::move(manners));
    const auto voice = open(std::move(settings), service.url());
    const auto spoken = contract::speak(*voice, {"Hello there.", "en", "", 1.0F});
    if (spoken.result) return {};
    EXPECT_EQ(spoken.result.error().code, base::Errc::engine);
    return spoken.result.error().text;
}

TEST(EdgeTtsSynthesizer, SendsWhatTheBrowserSends) {
    EdgeService service;
    EdgeTtsSettings settings;
    settings.clock = [] { return std::int64_t{1'700'000'000}; };
    const auto voice = open(settings, service.url());
    ASSERT_TRUE(contract::speak(*voice, {"Fish & <chips>, \"please\"", "sv-SE", "", 1.5F}).result);
    const auto head = service.heads().at(0);
    const std::string target(head.target());
    EXPECT_TRUE(target.starts_with("/readaloud/edge/v1?TrustedClientToken=")) << target;
    EXPECT_NE(target.find("&Sec-MS-GEC=" + security_token(1'700'000'000) + "&Sec-MS-GEC-Version=1-"), std::string::npos);
    EXPECT_EQ(head["Host"], "127.0.0.1:" + std::to_string(service.port()));
    EXPECT_EQ(head["Origin"], "chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold");
    EXPECT_TRUE(head["Cookie"].starts_with("muid="));
    const auto texts = service.texts();
    ASSERT_EQ(texts.size(), 2U);
    EXPECT_NE(texts[0].find("audio-24khz-48kbitrate-mono-mp3"), std::string::npos);
    EXPECT_NE(texts[1].find("<voice name='Microsoft Server Speech Text to Speech Voice (sv-SE, SofieNeural)'>"), std::string::npos);
    EXPECT_NE(texts[1].find("rate='+50%'"), std::string::npos);
    EXPECT_NE(texts[1].find(">Fish &amp; &lt;chips&gt;, &quot;please&quot;<"), std::string::npos);
}

TEST(EdgeTtsSynthesizer, ChoosesByNameThenByLanguage) {
    EdgeService service;
    EdgeTtsSettings settings;
    settings.voices = {"de-DE-ConradNeural", "en-US-AvaMultilingualNeural"};
    const auto voice = open(settings, service.url());
    const auto asked_for = [&](const Utterance& utterance) {
        const auto spoken = contract::speak(*voice, utterance);
        if (!spoken.result) return spoken.result.error().param;
        const std::string ssml = service.texts().back();
        const auto begin = ssml.find(" Voice (") + 8;
        const auto comma = ssml.find(", ", begin);
        return ssml.substr(begin, comma - begin) + "-" + ssml.substr(comma + 2, ssml.find(')', comma) - comma - 2);
    };
    EXPECT_EQ(asked_for({"Hallo.", "de", "", 1.0F}), "de-DE-ConradNeural");
    EXPECT_EQ(asked_for({"Hallo.", "de-AT", "", 1.0F}), "de-AT-IngridNeural");
    EXPECT_EQ(asked_for({"Hello.", "", "", 1.0F}), "en-US-AvaMultilingualNeural");
    EXPECT_EQ(asked_for({"Hej.", "sv", "en-US-AvaMultilingualNeural", 1.0F}), "en-US-AvaMultilingualNeural");
    EXPECT_EQ(asked_for({"Hej.", "sv", "de-DE-ConradNeural", 1.0F}), "language");
    EXPECT_EQ(asked_for({"Hello.", "en", "joe", 1.0F}), "voice");
    EXPECT_EQ(asked_for({"Hello.", "tlh", "", 1.0F}), "language");
}

TEST(EdgeTtsSynthesizer, ALongTextIsAskedForInParts) {
    EdgeService service;
    EdgeTtsSettings settings;
    const auto voice = open(settings, service.url());
    std::string text;
    while (text.size() < 3900) text += "& so on ";  // "&" is five bytes on its way
    const auto spoken = contract::speak(*voice, {text, "en", "", 2.0F});
    ASSERT_TRUE(spoken.result) << spoken.result.error().text;
    EXPECT_EQ(service.heads().size(), 2U);
    EXPECT_GT(spoken.seconds(), 60.0);
}

TEST(EdgeTtsSynthesizer, TheServicesOwnTimeIsTakenWhenItRefusesOurs) {
    const auto at_the_door = [](EdgeService::Socket& socket, const EdgeService::Head& head) {
        if (std::string_view(head.target()).find(security_token(1'700'000'000)) != std::string_view::npos) return false;
        boost::beast::http::response<boost::beast::http::string_body> refusal(boost::beast::http::status::forbidden, 11);
        refusal.set(boost::beast::http::field::date, "Tue, 14 Nov 2023 22:13:20 GMT");  // 1700000000
        refusal.prepare_payload();
        boost::beast::http::write(socket, refusal);
        return true;
    };
    EdgeTtsSettings settings;
    settings.clock = [] { return std::int64_t{1'600'000'000}; };
    EXPECT_EQ(failure_with({at_the_door, {}}, settings), "");
    const auto always = [](EdgeService::Socket& socket, const EdgeService::Head&) {
        boost::beast::http::response<boost::beast::http::string_body> refusal(boost::beast::http::status::forbidden, 11);
        refusal.set(boost::beast::http::field::date, "Tue, 14 Nov 2023 22:13:20 GMT");
        refusal.prepare_payload();
        boost::beast::http::write(socket, refusal);
        return true;
    };
    EXPECT_EQ(failure_with({always, {}}), "the Edge service refuses with status 403");
}

TEST(EdgeTtsSynthesizer, SaysWhatIsWrongWithTheService) {
    EdgeTtsSettings hasty;
    hasty.open_within = base::milliseconds(150);
    hasty.answer_within = base::milliseconds(150);
    const auto text = [](auto answer) {
        return EdgeService::Manners{{}, [answer](EdgeService& service, EdgeService::Stream& stream) {
                                        answer(service, stream);
                                        return true;
                                    }};
    };
    using Service = EdgeService&;
    using Stream = EdgeService::Stream&;
    EXPECT_EQ(failure_with(text([](Service service, Stream) { service.hang(); }), hasty),
              "the Edge service breaks off: no answer in time");
    EXPECT_EQ(failure_with(text([](Service, Stream stream) { EdgeService::send_text(stream, "turn.end", ""); })),
              "the Edge service gave no sound");
    EXPECT_NE(failure_with(text([](Service, Stream) {})).find("the Edge service breaks off: "), std::string::npos);
    for (const std::string& bytes : {std::string("\xFF\xFFPath:audio"), std::string(1, '\0'), std::string("\0\0abc", 5)})
        EXPECT_NE(failure_with(text([&](Service, Stream stream) {
                      stream.binary(true);
                      stream.write(boost::asio::buffer(bytes));
                  })).find("not understood"),
                  std::string::npos);
    EXPECT_NE(failure_with(text([](Service, Stream stream) {
                  stream.text(true);
                  stream.write(boost::asio::buffer(std::string("hello")));
              })).find("without a path"),
              std::string::npos);
    EXPECT_NE(failure_with(text([](Service, Stream stream) {
                  EdgeService::send_sound(stream, "RIFF", "Path:audio\r\nContent-Type:audio/wav\r\n");
              })).find("no MP3"),
              std::string::npos);
    EXPECT_NE(failure_with(text([](Service, Stream stream) {
                  EdgeService::send_sound(stream, std::string(2U << 20U, 'x'));
              })).find("the Edge service breaks off: "),
              std::string::npos);
    EXPECT_THAT(failure_with({[](EdgeService::Socket& socket, const EdgeService::Head&) {
                                  socket.send(boost::asio::buffer(std::string("<html>no</html>\r\n\r\n")));
                                  return true;
                              },
                              {}}),
                ::testing::HasSubstr("the Edge service refuses"));
}

TEST(EdgeTtsSynthesizer, AConnectionThatIsLostInTheMiddleLeavesWhatWasGiven) {
    EdgeService service({{}, [](EdgeService& self, EdgeService::Stream& stream) {
                             const std::string mp3 = self.mp3_of("One two three four five six seven.", "en", 1.0F);
                             EdgeService::send_sound(stream, mp3.substr(0, mp3.size() / 2));
                             return true;
                         }});
    const auto voice = open({}, service.url());
    const auto spoken = contract::speak(*voice, {"One two three four five six seven.", "en", "", 1.0F});
    ASSERT_FALSE(spoken.result);
    EXPECT_EQ(spoken.result.error().code, base::Errc::engine);
    EXPECT_GT(spoken.seconds(), 0.5);
}

TEST(EdgeTtsSynthesizer, SaysThatNobodyIsThere) {
    unsigned short port = 0;
    { port = EdgeService().port(); }
    const auto refused = contract::speak(*open({}, "ws://127.0.0.1:" + std::to_string(port)), {"Hello.", "", "", 1.0F});
    ASSERT_FALSE(refused.result);
    EXPECT_NE(refused.result.error().text.find("the Edge service cannot be reached: "), std::string::npos);
    const auto unknown = contract::speak(*open({}, "wss://no-such-host.invalid/"), {"Hello.", "", "", 1.0F});
    ASSERT_FALSE(unknown.result);
    EXPECT_NE(unknown.result.error().text.find("the host no-such-host.invalid is not found"), std::string::npos);
    EdgeService plain;
    const auto untrusted =
        contract::speak(*open({}, "wss://127.0.0.1:" + std::to_string(plain.port())), {"Hello.", "", "", 1.0F});
    ASSERT_FALSE(untrusted.result);
    EXPECT_NE(untrusted.result.error().text.find("the Edge service cannot be trusted: "), std::string::npos);
}

TEST(EdgeTtsSynthesizer, AStopEndsItWithinMillisecondsWhereverItStands) {
    const auto door = [](EdgeService::Socket& socket, const EdgeService::Head&) {
        char byte = 0;
        boost::system::error_code ended;
        socket.read_some(boost::asio::buffer(&byte, 1), ended);
        return true;
    };
    const auto text = [](EdgeService& service, EdgeService::Stream&) {
        service.hang();
        return true;
    };
    for (const EdgeService::Manners& manners : {EdgeService::Manners{door, {}}, EdgeService::Manners{{}, text}}) {
        EdgeService service(manners);
        const auto voice = open({}, service.url());
        std::stop_source stop;
        base::Time told;
        std::jthread other([&] {
            while (service.heads().empty()) std::this_thread::yield();
            told = base::Clock::now();
            stop.request_stop();
        });
        const auto spoken = contract::speak(*voice, {"Hello.", "en", "", 1.0F}, stop.get_token());
        const auto ended = base::Clock::now();
        other.join();
        ASSERT_FALSE(spoken.result);
        EXPECT_EQ(spoken.result.error().code, base::Errc::cancelled);
        EXPECT_LT(base::whole_milliseconds(ended - told), 50);
    }
}

TEST(EdgeTtsSynthesizer, RefusesSettingsThatAreNone) {
    const auto code = [](auto change) {
        EdgeTtsSettings settings;
        change(settings);
        const auto voice = EdgeTtsSynthesizer::open(settings);
        return voice ? base::Errc::engine : voice.error().code;
    };
    for (const char* url : {"", "https://host/", "wss://", "wss:///path", "ws://host:port/", "ws://host:/", "ws://a b/"})
        EXPECT_EQ(code([&](EdgeTtsSettings& settings) { settings.url = url; }), base::Errc::invalid) << url;
    EXPECT_EQ(code([](EdgeTtsSettings& s) { s.voices = {"joe"}; }), base::Errc::invalid);
    EXPECT_EQ(code([](EdgeTtsSettings& s) { s.languages = {"tlh"}; }), base::Errc::unsupported);
    EXPECT_EQ(code([](EdgeTtsSettings& s) { s.loudness_dbfs = 3.0F; }), base::Errc::invalid);
    EXPECT_EQ(code([](EdgeTtsSettings& s) { s.max_characters = 0; }), base::Errc::invalid);
    EXPECT_EQ(code([](EdgeTtsSettings& s) { s.answer_within = {}; }), base::Errc::invalid);
}

}  // namespace
}  // namespace antiphon::engine::edge_tts

namespace antiphon::contract {

INSTANTIATE_TYPED_TEST_SUITE_P(EdgeTts, SynthesizerContract, engine::edge_tts::EdgeBackend);

}  // namespace antiphon::contract
