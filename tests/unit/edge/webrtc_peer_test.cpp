// A WebRtcPeer against a second connection of the library, over the loopback interface.
#include "edge/webrtc_peer.hpp"

#include "base/asio_strand.hpp"
#include "unit/edge/webrtc_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

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
    ChannelEar(std::shared_ptr<Ear> to, std::shared_ptr<WebRtcChannel> of) : ear(std::move(to)), channel(std::move(of)) {}
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
        io_.stop();
        for (auto& thread : threads_) thread.join();
        stack_.reset();
    }

    void start(const WebRtcSettings& settings) {
        stack_.reset();
        auto stack = WebRtcStack::open(settings);
        ASSERT_TRUE(stack) << stack.error().text;
        stack_ = std::move(*stack);
        while (threads_.size() < 2) threads_.emplace_back([this] { io_.run(); });
    }

    Call call(const std::string& offer) {
        Call made;
        made.strand = std::make_shared<base::AsioStrand>(io_.get_executor());
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
        call.strand->post([&] { call.peer->open([&](base::Result<std::string> a) { answered.set_value(std::move(a)); }); });
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

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
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
    on(call, [&] {
        call.peer->line()->send(tone(24000, 24000, 600));
    });

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
        EXPECT_GT(share_at(std::span(call.ear->sound).subspan(4000, 6000), 16000, 440), 0.8);
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
    on(call, [&] {
        call.peer->channel()->send("last words");
        call.peer->channel()->close(CloseCode::normal, "the call is over");
    });
    ASSERT_TRUE(call.ear->wait([&] { return call.ear->ends == 1 && call.ear->line_ends == 1; }));
    EXPECT_EQ(call.ear->end, ChannelEnd::closed_by_server);
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.messages(), std::vector<std::string>{"last words"});
}

}  // namespace
}  // namespace antiphon::edge
