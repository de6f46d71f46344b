// A whole call on the embedded model: its summary is made beside it, and the next prompt begins with it.

#include "base/asio_strand.hpp"
#include "base/worker_pool.hpp"
#include "call/call.hpp"
#include "engine/llama/llama_language_model.hpp"
#include "fakes/fake_recognizer.hpp"
#include "fakes/fake_synthesizer.hpp"
#include "fakes/fake_voice_detector.hpp"
#include "fakes/test_models.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

namespace antiphon::call {
namespace {

/// The real model, and what it was asked.
class OverheardModel final : public engine::LanguageModel {
public:
    explicit OverheardModel(std::unique_ptr<engine::LanguageModel> model) : model_(std::move(model)) {}

    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(request);
        }
        ++working_;
        auto end = model_->generate(request, sink, stop);
        --working_;
        const std::scoped_lock lock(mutex_);
        if (end) cached_ = end->cached_tokens;
        return end;
    }
    void forget(engine::ConversationId conversation) override { model_->forget(conversation); }
    std::size_t parallel() const noexcept override { return model_->parallel(); }
    std::size_t context_tokens() const noexcept override { return model_->context_tokens(); }
    std::size_t count_tokens(std::string_view text) const override { return model_->count_tokens(text); }

    engine::GenerationRequest last() const {
        const std::scoped_lock lock(mutex_);
        return requests_.back();
    }
    /// Nobody asks it at the moment.
    bool resting() const { return working_ == 0; }
    /// Of the prompt that was answered last: tokens that had been computed before.
    int cached() const {
        const std::scoped_lock lock(mutex_);
        return cached_;
    }

private:
    const std::unique_ptr<engine::LanguageModel> model_;
    mutable std::mutex mutex_;
    std::vector<engine::GenerationRequest> requests_;
    int cached_ = 0;
    std::atomic<int> working_ = 0;
};

struct CountingPeer final : Peer {
    void send(const CallEvent& event) override {
        if (const auto* done = std::get_if<ResponseDone>(&event)) ended.push_back(done->response.status);
    }
    void send_audio(const ResponsePart&, std::span<const float>) override {}
    void clear_audio() override {}

    std::vector<ResponseStatus> ended;
};

std::unique_ptr<engine::LanguageModel> open_model() {
    engine::llama::LlamaSettings settings;
    settings.model = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    settings.context_tokens = 800;
    settings.cache_tokens = 0;
    settings.places = 2;
    auto model = engine::llama::LlamaLanguageModel::open(settings);
    if (!model) throw std::runtime_error(model.error().text);
    return *std::move(model);
}

TEST(LlamaSummary, IsMadeBesideTheCallAndBeginsTheNextPrompt) {
    OverheardModel model(open_model());
    fakes::FakeVoiceDetector voice_detector;
    fakes::FakeRecognizer recognizer;
    fakes::FakeSynthesizer synthesizer;
    base::Metrics metrics;
    CallMetrics call_metrics(metrics);
    boost::asio::io_context loop;
    const auto stays = boost::asio::make_work_guard(loop);  // while only the model works
    const auto strand = std::make_shared<base::AsioStrand>(base::AsioStrand::OneThread{loop});
    base::WorkerPool workers("language-model", model.parallel(), 8);
    base::WorkerPool others("others", 1, 8);
    const CallEngines engines{voice_detector, recognizer, model, synthesizer, others, workers, others, call_metrics};
    CountingPeer peer;
    Session session;
    session.id = "sess_llama";
    session.instructions = "You are a helpful assistant at a hotel's reception. Answer in one short sentence.";
    session.speaks = false;
    session.max_output_tokens = 40;
    const auto call = Call::open(session, {}, engines, strand, peer);

    const auto until = [&](const auto& done) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        bool is = done();
        while (!is && std::chrono::steady_clock::now() < end) {
            loop.run_one_for(std::chrono::seconds(1));
            is = done();
        }
        return is;
    };
    const auto ask = [&](const std::string& text) {
        const std::size_t before = peer.ended.size();
        call->create_item({{}, think::ItemKind::message, engine::Role::user, think::ItemStatus::completed,
                           {{think::ContentKind::input_text, text, nullptr}}}, std::nullopt, "");
        call->create_response({});
        EXPECT_TRUE(until([&] { return peer.ended.size() > before; }));
        EXPECT_NE(peer.ended.back(), ResponseStatus::failed) << text;  // a small model may talk on to its limit
    };
    const auto summarized = [&] { return !call->summary().text.empty(); };
    const char* const said[] = {"My name is Ada Lovelace and I arrive on Friday with two children.",
                                "We need a room with three beds, please, and a view of the lake.",
                                "We would like breakfast at seven, and one of the children eats no nuts.",
                                "Is there a place where we can leave the car over night?",
                                "And how far is it from the station to your house?",
                                "Can we bring our dog, which is a small one?"};
    // A caller thinks for a moment before the next question: that is when notes are made.
    const auto idle = [&] { return call_metrics.summaries.Value() > 0 || model.resting(); };
    for (int i = 0; i < 40 && !summarized() && !HasFailure(); ++i) {
        ask(said[i % 6]);
        loop.run_for(std::chrono::milliseconds(50));
        until(idle);
    }
    ASSERT_TRUE(until(summarized)) << "discarded: " << call_metrics.summaries_discarded.Value();
    EXPECT_EQ(call_metrics.context_cuts.Value(), 0) << "it came before the window had to cut";
    const std::string summary = call->summary().text;
    RecordProperty("summary", summary);
    // The new prompt is read by the model before anybody asks.
    ASSERT_TRUE(until([&] { return model.last().max_tokens == 1; }));
    ASSERT_TRUE(until([&] { return static_cast<bool>(workers.submit_spare([](std::stop_token) {})); }));

    ask("Thank you. What else do you need to know from me?");
    EXPECT_NE(model.last().messages.front().text.find(summary), std::string::npos) << "unless a second one was begun";
    EXPECT_EQ(model.last().messages.front().role, engine::Role::system);
    EXPECT_GT(model.cached(), static_cast<int>(model.count_tokens(summary))) << "computed before the turn";
    call->close();
}

}  // namespace
}  // namespace antiphon::call
