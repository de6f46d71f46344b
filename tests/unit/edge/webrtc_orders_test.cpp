// Calls over WebRTC that begin, go over to other connections and end in any order, from several threads, with the
// library on both sides. What it looks for is found by the sanitizers and by what is left at the end.
#include "edge/webrtc_calls.hpp"

#include "base/asio_strand.hpp"
#include "base/worker_pool.hpp"
#include "edge/realtime_session.hpp"
#include "edge/webrtc_stack.hpp"
#include "fakes/fake_language_model.hpp"
#include "fakes/fake_recognizer.hpp"
#include "fakes/fake_synthesizer.hpp"
#include "fakes/fake_voice_detector.hpp"
#include "unit/edge/webrtc_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <optional>
#include <random>
#include <thread>

namespace antiphon::edge {
namespace {

/// Keeps the one answer; a request that is dropped without one has none.
class OneReply final : public Responder {
public:
    ~OneReply() override {
        if (!told_) reply_.set_value({0, "", "no answer"});
    }
    void reply(Reply whole) override {
        if (!std::exchange(told_, true)) reply_.set_value(std::move(whole));
    }
    void begin(Reply) override {}
    void write(std::string) override {}
    void end() override {}
    void abort() override {}
    void when_drained(std::function<void()>) override {}
    std::stop_token gone() const override { return gone_.get_token(); }

    std::future<Reply> comes() { return reply_.get_future(); }

private:
    std::promise<Reply> reply_;
    std::stop_source gone_;
    bool told_ = false;
};

std::string header(const Reply& reply, std::string_view name) {
    const auto found = std::find_if(reply.headers.begin(), reply.headers.end(), [&](const auto& one) { return one.first == name; });
    return found == reply.headers.end() ? "" : found->second;
}

class WebRtcOrdersTest : public ::testing::Test {
protected:
    using Random = std::mt19937;

    void SetUp() override {
        WebRtcSettings settings;
        settings.ports = "0";
        settings.bind_address = "127.0.0.1";
        auto stack = WebRtcStack::open(settings);
        ASSERT_TRUE(stack) << stack.error().text;
        stack_ = std::move(*stack);
        services.webrtc = stack_.get();
        for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_->run(); });
    }
    void TearDown() override {
        work_.reset();
        io_->stop();
        for (auto& thread : threads_) thread.join();
        stack_->close();
        pool.reset();  // the last jobs of calls that are over post to strands
        io_.reset();
        stack_.reset();
    }

    Reply post(const std::string& offer, const std::string& query, const std::shared_ptr<Connections>& connections) {
        const std::string form = "--b\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\r\n" + offer +
                                 "\r\n--b\r\nContent-Disposition: form-data; name=\"session\"\r\n\r\n"
                                 R"({"type":"realtime","antiphon":{"resumable":true}})"
                                 "\r\n--b--\r\n";
        const bool back = !query.empty();
        CallOffer call{*parse_target("/v1/realtime/calls" + query), back ? "application/sdp" : "multipart/form-data; boundary=b",
                       back ? offer : form, "", "", {}, {"", "test"}};
        auto responder = std::make_shared<OneReply>();
        auto answer = responder->comes();
        begin_call(std::move(call), {services, *connections, std::make_shared<base::AsioStrand>(io_->get_executor()), 1U << 20U},
                   std::move(responder));
        return answer.get();
    }

    /// A while that differs each time: so many turns of the loops.
    void pass(int turns) {
        const auto strand = std::make_shared<base::AsioStrand>(io_->get_executor());
        for (int i = 0; i < turns; ++i) {
            std::promise<void> done;
            strand->post([&] { done.set_value(); });
            done.get_future().wait();
        }
    }
    bool soon(const std::function<bool()>& holds) {
        const auto until = base::Clock::now() + std::chrono::seconds(20);
        while (!holds() && base::Clock::now() < until) pass(1);
        return holds();
    }

    /// What a client does with the answer to its offer.
    void live(WebRtcClient& client, const Reply& answer, Random random) {
        if (answer.status != 201 || random() % 8 == 0) return;
        if (!client.take(answer.body)) return;
        if (random() % 3 == 0) pass(static_cast<int>(random() % 300));
        else if (!client.wait([&] { return client.open() || client.channel_closed(); }, std::chrono::seconds(2))) return;
        if (client.open() && random() % 2 == 0) {
            try {
                client.say(R"({"type":"response.create"})");
            } catch (const std::exception&) {
                return;  // closed meanwhile
            }
            pass(static_cast<int>(random() % 300));
        }
        if (random() % 4 == 0) client.close_channel();
        if (random() % 3 == 0) client.close();
    }

    void play(unsigned seed) {
        Random random(seed);
        const auto connections = Connections::make();
        WebRtcClient client;
        const Reply answer = post(client.offer(), "", connections);
        ASSERT_EQ(answer.status, 201) << answer.body;
        const std::string id = header(answer, "Location").substr(std::string("/v1/realtime/calls/").size());
        const std::string token = header(answer, "Antiphon-Resume-Token");
        ASSERT_FALSE(token.empty());

        const Random first(random());
        Random second(random()), third(random());
        std::vector<std::thread> actors;
        actors.emplace_back([&, first] { live(client, answer, first); });
        actors.emplace_back([&] {
            for (auto returns = second() % 3; returns > 0; --returns) {
                WebRtcClient back;
                pass(static_cast<int>(second() % 200));
                live(back, post(back.offer(), "?call_id=" + id + "&resume=" + token, connections), Random(second()));
            }
        });
        actors.emplace_back([&] {
            pass(static_cast<int>(third() % 600));
            if (third() % 3 == 0) hang_up_call(id, services);
            if (third() % 3 == 0) connections->shut_down();
        });
        for (auto& actor : actors) actor.join();
        hang_up_call(id, services);
        EXPECT_TRUE(soon([&] { return registry.calls() == 0 && services.sessions->size() == 0; }));
        EXPECT_EQ(hang_up_call(id, services).status, 404);
    }

    call::CallRegistry registry{4};
    call::CallSettings call_settings;
    call::Session session;
    base::Metrics metrics;
    fakes::FakeVoiceDetector detector;
    fakes::FakeRecognizer recognizer;
    fakes::FakeLanguageModel model;
    fakes::FakeSynthesizer synthesizer;
    call::CallMetrics call_metrics{metrics};
    std::optional<base::WorkerPool> pool{std::in_place, "test", 2, 64};
    call::CallEngines engines{detector, recognizer, model, synthesizer, *pool, *pool, *pool, call_metrics};
    Services services{.registry = registry,
                      .agents = [this] { return std::make_shared<const call::Agents>(call::Agents{
                                             {{}, {}, session, call_settings, {}}, {}}); },
                      .readiness = [] { return Readiness(); },
                      .engines = [this] { return &engines; },
                      .metrics = metrics};

    std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>();
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(*io_);
    std::vector<std::thread> threads_;
    std::unique_ptr<WebRtcStack> stack_;
};

TEST_F(WebRtcOrdersTest, NothingIsLeftWhateverTheOrder) {
    const auto until = base::Clock::now() + std::chrono::seconds(6);
    unsigned played = 0;
    for (; played < 60 && base::Clock::now() < until; ++played) {
        SCOPED_TRACE(played);
        play(played);
        if (HasFailure()) return;
    }
    RecordProperty("played", static_cast<int>(played));
    EXPECT_GE(played, 3U);
    EXPECT_EQ(call_metrics.calls.Value(), 0);
}

TEST_F(WebRtcOrdersTest, TheServerEndsAmidstThem) {
    const auto connections = Connections::make();
    std::vector<std::unique_ptr<WebRtcClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<WebRtcClient>());
        const Reply answer = post(clients.back()->offer(), "", connections);
        ASSERT_EQ(answer.status, 201);
        if (i > 0) clients.back()->take(answer.body);
        if (i < 2) continue;
        ASSERT_TRUE(clients.back()->wait_open());
        const std::string id = header(answer, "Location").substr(std::string("/v1/realtime/calls/").size());
        clients.push_back(std::make_unique<WebRtcClient>());
        const Reply back = post(clients.back()->offer(), "?call_id=" + id + "&resume=" + header(answer, "Antiphon-Resume-Token"), connections);
        ASSERT_EQ(back.status, 201);
        clients.back()->take(back.body);
    }
    connections->shut_down();
    EXPECT_TRUE(soon([&] { return registry.calls() == 0; }));
}

TEST_F(WebRtcOrdersTest, WhatIsNoReturnIsRefused) {
    const auto connections = Connections::make();
    WebRtcClient client, back;
    const Reply answer = post(client.offer(), "", connections);
    const std::string id = header(answer, "Location").substr(std::string("/v1/realtime/calls/").size());
    const std::string token = header(answer, "Antiphon-Resume-Token");
    const std::string offer = back.offer();
    EXPECT_EQ(post(offer, "?call_id=" + id + "&resume=x", connections).status, 404);
    EXPECT_EQ(post(offer, "?call_id=rtc_none&resume=" + token, connections).status, 404);
    EXPECT_EQ(post(offer, "?call_id=" + id, connections).status, 400);
    EXPECT_EQ(post(offer, "?call_id=" + id + "&resume=" + token + "&after_binary=x", connections).status, 400);
    WebRtcClient::Wish wish;
    wish.data = false;
    WebRtcClient mute(wish);
    const Reply without_channel = post(mute.offer(), "?call_id=" + id + "&resume=" + token, connections);
    EXPECT_EQ(without_channel.status, 400);
    EXPECT_NE(without_channel.body.find("data channel"), std::string::npos);
    EXPECT_EQ(registry.calls(), 1U);
    const Reply right = post(offer, "?call_id=" + id + "&resume=" + token, connections);
    EXPECT_EQ(right.status, 201);
    EXPECT_EQ(header(right, "Location"), header(answer, "Location"));
    EXPECT_EQ(header(right, "Antiphon-Resume-Token"), token);
    EXPECT_EQ(registry.calls(), 1U) << "it is the same call";
    hang_up_call(id, services);
    EXPECT_TRUE(soon([&] { return registry.calls() == 0; }));
}

}  // namespace
}  // namespace antiphon::edge
