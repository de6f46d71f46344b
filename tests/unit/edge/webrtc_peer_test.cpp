// A WebRtcPeer against a second connection of the library, over the loopback interface.
#include "edge/webrtc_peer.hpp"

#include "base/asio_strand.hpp"
#include "unit/edge/webrtc_client.hpp"

#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cmath>
#include <condition_variable>
#include <future>
#include <mutex>
#include <numbers>
#include <optional>
#include <thread>

namespace antiphon::edge {
namespace {

WebRtcSettings loopback() {
    WebRtcSettings settings;
    settings.ports = "0";
    settings.bind_address = "127.0.0.1";
    return settings;
}

/// What a peer's users heard; filled on the strand, read anywhere.
struct Ear {
    template <typename Change>
    void change(Change apply) {
        {
            const std::scoped_lock lock(mutex);
            apply();
        }
        changed.notify_all();
    }
    bool wait(const std::function<bool()>& holds) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(20), holds);
    }

    std::mutex mutex;
    std::condition_variable changed;
    bool opened = false;
    std::vector<std::string> messages;
    std::optional<ChannelEnd> end;
    int ends = 0;
    std::vector<float> sound;
    bool silent = false;
    int line_ends = 0;
};

struct ChannelEar final : ChannelUser {
    ChannelEar(std::shared_ptr<Ear> to, std::shared_ptr<WebRtcChannel> of)
        : ear(std::move(to)), channel(std::move(of)) {}
    void opened() override {
        ear->change([&] { ear->opened = true; });
        channel->next();
    }
    void received(std::string_view message) override {
        ear->change([&] { ear->messages.emplace_back(message); });
        if (!lazy) channel->next();
    }
    void received_binary(std::span<const std::uint8_t> bytes) override {
        ear->change([&] { ear->messages.push_back("binary " + std::to_string(bytes.size())); });
        channel->next();
    }
    void ended(ChannelEnd end) override {
        ear->change([&] {
            ear->end = end;
            ++ear->ends;
        });
    }

    const std::shared_ptr<Ear> ear;
    const std::shared_ptr<WebRtcChannel> channel;
    bool lazy = false;
};

struct LineEar final : MediaUser {
    explicit LineEar(std::shared_ptr<Ear> to) : ear(std::move(to)) {}
    void heard(std::span<const float> samples) override {
        ear->change([&] { ear->sound.insert(ear->sound.end(), samples.begin(), samples.end()); });
    }
    void line_silent(bool silent) override {
        ear->change([&] { ear->silent = silent; });
    }
    void line_ended() override {
        ear->change([&] { ++ear->line_ends; });
    }

    const std::shared_ptr<Ear> ear;
};

class WebRtcPeerTest : public ::testing::Test {
protected:
    struct Call {
        std::shared_ptr<base::AsioStrand> strand;
        std::shared_ptr<WebRtcPeer> peer;
        std::shared_ptr<Ear> ear;
        std::shared_ptr<ChannelEar> channel_ear;
    };

    void SetUp() override { start(loopback()); }
    void TearDown() override {
        work_.reset();
        io_->stop();
        for (auto& thread : threads_) thread.join();
        if (stack_) stack_->close();
        io_.reset();  // with what was posted and holds peers
        stack_.reset();
    }

    void start(const WebRtcSettings& settings) {
        stack_.reset();
        auto stack = WebRtcStack::open(settings);
        ASSERT_TRUE(stack) << stack.error().text;
        stack_ = std::move(*stack);
        while (threads_.size() < 2) threads_.emplace_back([this] { io_->run(); });
    }

    Call call(const std::string& offer) {
        Call made;
        made.strand = std::make_shared<base::AsioStrand>(io_->get_executor());
        made.ear = std::make_shared<Ear>();
        auto read = read_offer(offer);
        EXPECT_TRUE(read) << read.error().text << "\n" << offer;
        auto peer = WebRtcPeer::make(*stack_, made.strand, *read, std::size_t{1} << 20U);
        EXPECT_TRUE(peer);
        made.peer = std::move(*peer);
        if (made.peer->channel()) {
            made.channel_ear = std::make_shared<ChannelEar>(made.ear, made.peer->channel());
            made.peer->channel()->use(made.channel_ear);
        }
        made.peer->line()->use(std::make_shared<LineEar>(made.ear));
        return made;
    }

    base::Result<std::string> answer(const Call& call) {
        std::promise<base::Result<std::string>> answered;
        call.strand->post(
            [&] { call.peer->open([&](base::Result<std::string> a) { answered.set_value(std::move(a)); }); });
        return answered.get_future().get();
    }

    Call connect(WebRtcClient& client) {
        Call made = call(client.offer());
        const auto text = answer(made);
        EXPECT_TRUE(text) << text.error().text;
        if (text) client.take(*text);
        return made;
    }

    static void on(const Call& call, std::function<void()> run) {
        std::promise<void> done;
        call.strand->post([&] {
            run();
            done.set_value();
        });
        done.get_future().wait();
    }

    std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>();
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(*io_);
    std::vector<std::thread> threads_;
    std::unique_ptr<WebRtcStack> stack_;
};

std::vector<float> tone(std::size_t samples, int rate, double hertz) {
    std::vector<float> sound(samples);
    for (std::size_t i = 0; i < samples; ++i)
        sound[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
    return sound;
}

/// How much of the sound's power lies at that frequency, 0..1 (Goertzel).
double share_at(std::span<const float> sound, int rate, double hertz) {
    double re = 0, im = 0, power = 0;
    for (std::size_t i = 0; i < sound.size(); ++i) {
        const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
        re += sound[i] * std::cos(angle);
        im += sound[i] * std::sin(angle);
        power += sound[i] * sound[i];
    }
    return power == 0 ? 0 : 2 * (re * re + im * im) / (power * static_cast<double>(sound.size()));
}

TEST_F(WebRtcPeerTest, MessagesGoBothWaysInOrder) {
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->opened; }));
    for (int i = 0; i < 100; ++i) client.say("up " + std::to_string(i));
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->messages.size() == 100; }));
    EXPECT_EQ(call.ear->messages[99], "up 99");
    on(call, [&] {
        for (int i = 0; i < 100; ++i) call.peer->channel()->send("down " + std::to_string(i));
    });
    ASSERT_TRUE(client.wait([&] { return client.messages().size() == 100; }));
    EXPECT_EQ(client.messages()[0], "down 0");
    EXPECT_EQ(client.messages()[99], "down 99");
}

TEST_F(WebRtcPeerTest, SoundGoesBothWays) {
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    on(call, [&] { call.peer->line()->send(tone(24000, 24000, 600)); });

    auto writer = audio::OpusWriter::open({});
    ASSERT_TRUE(writer);
    const auto sound = tone(24000, 24000, 440);
    for (std::size_t i = 0; i + 480 <= sound.size(); i += 480) {
        const auto payload = writer->encode(std::span(sound).subspan(i, 480));
        ASSERT_TRUE(payload);
        client.send_opus(*payload);
        // The server's packets are the clock.
        ASSERT_TRUE(client.wait([&, count = client.count()] { return client.packets().size() > count; }));
    }
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->sound.size() > 12000; }));
    {
        const std::scoped_lock lock(call.ear->mutex);
        // In pieces: a busy machine holds packets up, and the tone goes on elsewhere in its period.
        int of_the_tone = 0;
        for (std::size_t at = 4000; at + 800 <= 12000; at += 800)
            of_the_tone += share_at(std::span(call.ear->sound).subspan(at, 800), 16000, 440) > 0.8 ? 1 : 0;
        EXPECT_GE(of_the_tone, 5) << "of ten pieces";
    }

    auto reader = audio::OpusReader::open(24000);
    ASSERT_TRUE(reader);
    std::vector<float> received;
    int markers = 0;
    std::uint32_t ssrc = 0;
    const auto packets = client.packets();
    for (const auto& datagram : packets) {
        if (is_rtcp(datagram)) continue;
        const auto packet = read_rtp(datagram);
        ASSERT_TRUE(packet);
        if (packet->payload.size() < 2) continue;
        ssrc = packet->ssrc;
        markers += packet->marker ? 1 : 0;
        const auto part = reader->decode(packet->payload);
        ASSERT_TRUE(part);
        received.insert(received.end(), part->begin(), part->end());
    }
    EXPECT_EQ(markers, 1);
    EXPECT_NE(ssrc, 0U);
    ASSERT_GT(received.size(), 16000U);
    EXPECT_GT(share_at(std::span(received).subspan(6000, 8000), 24000, 600), 0.8);
}

TEST_F(WebRtcPeerTest, TheClientClosesTheConnection) {
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    client.close();
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1 && call.ear->line_ends == 1; }));
    EXPECT_EQ(call.ear->end, ChannelEnd::closed_by_client);
}

TEST_F(WebRtcPeerTest, TheServerClosesAndWhatWasSaidBeforeStillArrives) {
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->opened; }));
    on(call, [&] {
        call.peer->channel()->send("last words");
        call.peer->channel()->close(CloseCode::normal, "the call is over");
    });
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1 && call.ear->line_ends == 1; }));
    EXPECT_EQ(call.ear->end, ChannelEnd::closed_by_server);
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.messages(), std::vector<std::string>{"last words"});
}

TEST_F(WebRtcPeerTest, AMessageThatTheClientCannotTakeIsReplacedByAnError) {
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->opened; }));
    on(call, [&] {
        call.peer->channel()->send(std::string(200'000, 'x'));
        call.peer->channel()->send(std::string(300'000, 'x'));
        call.peer->channel()->send("after it");
    });
    ASSERT_TRUE(client.wait([&] { return client.messages().size() == 3; }));
    EXPECT_EQ(client.messages()[0].size(), 200'000U);
    EXPECT_NE(client.messages()[1].find("event_too_large"), std::string::npos);
    EXPECT_EQ(client.messages()[2], "after it");
}

TEST_F(WebRtcPeerTest, MessagesThatAreNotAskedForWaitAndThenEndTheCall) {
    WebRtcClient client;
    const Call call = connect(client);
    call.channel_ear->lazy = true;
    ASSERT_TRUE(client.wait_open());
    for (int i = 0; i < 8; ++i) client.say(std::string(60'000, 'x'));
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->messages.size() == 1; }));
    for (int i = 0; i < 2; ++i) on(call, [&] { call.peer->channel()->next(); });
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->messages.size() >= 2; }));
    for (int i = 0; i < 20; ++i) client.say(std::string(60'000, 'x'));
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1; }));
    EXPECT_EQ(call.ear->end, ChannelEnd::protocol_violated);
}

TEST_F(WebRtcPeerTest, AChannelOfAnotherNameIsClosed) {
    WebRtcClient::Wish wish;
    wish.label = "other";
    WebRtcClient client(wish);
    const Call call = connect(client);
    ASSERT_TRUE(client.wait([&] { return client.channel_closed(); }));
    EXPECT_FALSE(call.ear->opened);
}

TEST_F(WebRtcPeerTest, ACallOfSoundAlone) {
    WebRtcClient::Wish wish;
    wish.data = false;
    WebRtcClient client(wish);
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    EXPECT_EQ(call.peer->channel(), nullptr);
    ASSERT_TRUE(client.wait([&] { return client.packets().size() > 2; }));
    client.close();
    EXPECT_TRUE(call.ear->wait([&] { return call.ear->line_ends == 1; }));
}

TEST_F(WebRtcPeerTest, ManyCallsShareOnePort) {
    boost::asio::ip::udp::socket free(*io_, {boost::asio::ip::address_v4::loopback(), 0});
    WebRtcSettings settings = loopback();
    settings.ports = std::to_string(free.local_endpoint().port());
    free.close();
    start(settings);
    for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<WebRtcClient>> clients;
        std::vector<Call> calls;
        for (int i = 0; i < 4; ++i) {
            clients.push_back(std::make_unique<WebRtcClient>());
            calls.push_back(connect(*clients.back()));
        }
        for (std::size_t i = 0; i < 4; ++i) {
            ASSERT_TRUE(clients[i]->wait_open());
            clients[i]->say("it is " + std::to_string(i));
            ASSERT_TRUE(calls[i].ear->wait([&] { return calls[i].ear->messages.size() == 1; }));
            EXPECT_EQ(calls[i].ear->messages[0], "it is " + std::to_string(i));
        }
        for (const auto& client : clients) client->close();
        for (const Call& call : calls) EXPECT_TRUE(call.ear->wait([&] { return call.ear->ends == 1; }));
    }
}

TEST_F(WebRtcPeerTest, AClientThatNeverConnectsLosesItsPlace) {
    WebRtcSettings settings = loopback();
    settings.connect_timeout = std::chrono::milliseconds(300);
    start(settings);
    WebRtcClient client;
    const Call call = this->call(client.offer());
    ASSERT_TRUE(answer(call));
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1 && call.ear->line_ends == 1; }));
    EXPECT_EQ(call.ear->end, ChannelEnd::handshake_failed);
}

TEST_F(WebRtcPeerTest, AClientOfWhomNothingComesIsGone) {
    WebRtcSettings settings = loopback();
    settings.idle_timeout = std::chrono::milliseconds(500);
    start(settings);
    WebRtcClient::Wish wish;
    wish.data = false;  // so that it cannot be asked; it sends no reports by itself
    WebRtcClient client(wish);
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->line_ends == 1; }));
}

TEST_F(WebRtcPeerTest, AClientThatOnlyListensIsAskedAndStays) {
    WebRtcSettings settings = loopback();
    settings.idle_timeout = std::chrono::milliseconds(500);
    start(settings);
    WebRtcClient client;
    const Call call = connect(client);
    ASSERT_TRUE(client.wait_open());
    client.send_opus(std::vector<std::uint8_t>{0xF8, 0xFF, 0xFE});  // a line that has begun can be silent
    // The server's packets are the clock: 400 ms apart in silence, so more than twice the time after which it were gone,
    // and long enough for its line to be taken for silent.
    ASSERT_TRUE(client.wait([&] { return client.packets().size() >= 12; }));
    EXPECT_EQ(call.ear->ends, 0);
    EXPECT_FALSE(call.ear->silent);
    client.say("still there");
    EXPECT_TRUE(call.ear->wait([&] { return call.ear->messages.size() == 1; }));
}

TEST_F(WebRtcPeerTest, OpensAndClosesInAllOrders) {
    for (int round = 0; round < 24; ++round) {
        SCOPED_TRACE(round);
        auto client = std::make_unique<WebRtcClient>();
        const Call call = this->call(client->offer());
        const auto close = [&] { call.strand->post([peer = call.peer] { peer->close(); }); };
        switch (round % 8) {
            case 0: {  // never opened; a peer is always told to close, or its users keep it
                close();
                continue;
            }
            case 1: {          // closed before there is an answer
                std::promise<void> told;
                call.strand->post([&] {
                    call.peer->open([&](const base::Result<std::string>&) { told.set_value(); });
                    call.peer->close();
                });
                told.get_future().wait();
                break;
            }
            case 2: {  // answered, the client has gone
                ASSERT_TRUE(answer(call));
                client.reset();
                close();
                break;
            }
            case 3: {  // closed by the server while the client connects
                const auto text = answer(call);
                ASSERT_TRUE(text);
                client->take(*text);
                close();
                break;
            }
            case 4: {  // closed by the client while it connects
                const auto text = answer(call);
                ASSERT_TRUE(text);
                client->take(*text);
                client.reset();
                close();
                break;
            }
            case 5: {  // both at once
                client->take(*answer(call));
                ASSERT_TRUE(client->wait_open());
                close();
                client->close();
                break;
            }
            case 6: {  // the client's channel first
                client->take(*answer(call));
                ASSERT_TRUE(client->wait_open());
                ASSERT_TRUE(call.ear->wait([&] { return call.ear->opened; }));
                client->close_channel();
                ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1; }));
                break;
            }
            default: {  // the line first, amidst sound
                client->take(*answer(call));
                ASSERT_TRUE(client->wait_open());
                on(call, [&] { call.peer->line()->send(tone(4800, 24000, 300)); });
                on(call, [&] { call.peer->line()->close(); });
                break;
            }
        }
        ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1 && call.ear->line_ends == 1; }));
    }
}

TEST_F(WebRtcPeerTest, TheServerEndsAmidstCalls) {
    std::vector<std::unique_ptr<WebRtcClient>> clients;
    std::vector<Call> calls;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<WebRtcClient>());
        calls.push_back(connect(*clients.back()));
    }
    ASSERT_TRUE(clients[0]->wait_open());
    clients[0]->say("hello");
    // TearDown ends the stack with calls in all states.
}

}  // namespace
}  // namespace antiphon::edge
