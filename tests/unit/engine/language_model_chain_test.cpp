#include "engine/language_model_chain.hpp"

#include "fakes/fake_language_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace antiphon::engine {
namespace {

using base::Errc;
using base::milliseconds;
using fakes::FakeLanguageModel;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What a probe answers, and how often it was made.
class Prober {
public:
    LanguageModelChain::Probe probe() {
        return [this](std::stop_token) -> base::Result<void> {
            const std::lock_guard lock(mutex_);
            ++made_;
            changed_.notify_all();
            if (well_) return {};
            return base::error(Errc::unavailable, "nobody is there");
        };
    }
    void be(bool well) {
        const std::lock_guard lock(mutex_);
        well_ = well;
    }
    void await(int made) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return made_ >= made; });
    }
    int made() {
        const std::lock_guard lock(mutex_);
        return made_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool well_ = true;
    int made_ = 0;
};

struct LanguageModelChainTest : testing::Test {
    FakeLanguageModel* first = nullptr;
    FakeLanguageModel* second = nullptr;
    Prober prober;
    std::string said;

    /// A server's model, and one in this process behind it.
    std::unique_ptr<LanguageModelChain> chain(milliseconds pause = milliseconds(60'000), bool with_second = true) {
        std::vector<LanguageModelChain::Link> links;
        auto one = std::make_unique<FakeLanguageModel>(8, 4096);
        first = one.get();
        links.push_back({"far", std::move(one), prober.probe()});
        if (with_second) {
            auto two = std::make_unique<FakeLanguageModel>(2, 512);
            second = two.get();
            links.push_back({"near", std::move(two), {}});
        }
        return std::make_unique<LanguageModelChain>(std::move(links), CircuitBreaker::Settings{3, pause, pause});
    }

    base::Result<Generation> ask(LanguageModel& model, std::stop_token stop = {}) {
        GenerationRequest request;
        request.messages = {{Role::user, "Hello"}};
        said.clear();
        return model.generate(request, [&](const Fragment& fragment) { said += fragment.text; }, std::move(stop));
    }
};

TEST_F(LanguageModelChainTest, TheFirstAnswersWhileItCan) {
    const auto model = chain();
    ASSERT_TRUE(ask(*model));
    EXPECT_EQ(first->finished(), 1U);
    EXPECT_EQ(second->started(), 0U);
    EXPECT_THAT(model->troubles(), IsEmpty());
}

TEST_F(LanguageModelChainTest, TheNextAnswersWhenTheFirstFailsBeforeItsFirstWord) {
    const auto model = chain();
    for (const Errc code : {Errc::unavailable, Errc::engine, Errc::overloaded, Errc::unsupported, Errc::not_found}) {
        first->fail_with(base::error(code, "down"));
        second->answer_with("I am here.");
        ASSERT_TRUE(ask(*model));
        EXPECT_EQ(said, "I am here.");
        ASSERT_TRUE(ask(*model));
        EXPECT_EQ(said, "You said: Hello") << "one failure does not keep the first from being asked again";
    }
    EXPECT_EQ(second->started(), 5U);
}

TEST_F(LanguageModelChainTest, NobodyGoesOnWithAnAnswerThatHasBegun) {
    const auto model = chain();
    first->answer_with("One two three.");
    first->fail_with(base::error(Errc::unavailable, "it stalled"), 2);
    const auto answer = ask(*model);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().text, "it stalled");
    EXPECT_EQ(said, "One two");
    EXPECT_EQ(second->started(), 0U);
}

TEST_F(LanguageModelChainTest, WhatIsWrongEverywhereIsNotTriedAgain) {
    const auto model = chain();
    for (const Errc code : {Errc::invalid, Errc::conflict, Errc::cancelled}) {
        first->fail_with(base::error(code, "no"));
        const auto answer = ask(*model);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, code);
    }
    EXPECT_EQ(second->started(), 0U);
    EXPECT_THAT(model->troubles(), IsEmpty());
}

TEST_F(LanguageModelChainTest, ThreeFailuresInARowLeaveItAlone) {
    const auto model = chain();
    for (int i = 0; i < 3; ++i) {
        first->fail_with(base::error(Errc::unavailable, "the server is down"));
        ASSERT_TRUE(ask(*model));
    }
    EXPECT_THAT(model->troubles(), ElementsAre(LanguageModelChain::Trouble{"far", "the server is down"}));
    ASSERT_TRUE(ask(*model));
    EXPECT_EQ(first->requests().size(), 3U) << "not asked a fourth time";
    EXPECT_EQ(second->finished(), 4U);
}

TEST_F(LanguageModelChainTest, AProbeThatSucceedsBringsItBack) {
    prober.be(false);
    const auto model = chain(milliseconds(1));
    ASSERT_TRUE(model->check({})) << "the one in this process is there";
    prober.await(3);
    EXPECT_EQ(model->troubles().size(), 1U);
    EXPECT_EQ(model->troubles().front().reason, "nobody is there");
    ASSERT_TRUE(ask(*model));
    EXPECT_EQ(second->finished(), 1U);
    prober.be(true);
    while (!model->troubles().empty()) std::this_thread::yield();
    ASSERT_TRUE(ask(*model));
    EXPECT_EQ(first->finished(), 1U);
}

TEST_F(LanguageModelChainTest, WithoutAnotherTheFailureIsTold) {
    prober.be(false);
    const auto model = chain(milliseconds(60'000), false);
    const auto usable = model->check({});
    ASSERT_FALSE(usable);
    EXPECT_EQ(usable.error().text, "nobody is there");
    const auto answer = ask(*model);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_THAT(answer.error().text, HasSubstr("nobody is there"));
    EXPECT_EQ(first->requests().size(), 0U) << "it fails at once, without asking";
}

TEST_F(LanguageModelChainTest, HoldsWhatEachCanHold) {
    const auto model = chain();
    EXPECT_EQ(model->parallel(), 8U);
    EXPECT_EQ(model->context_tokens(), 512U);
    EXPECT_EQ(model->count_tokens("one two"), 2U);
    EXPECT_EQ(model->name(), "far");
    model->forget(ConversationId{3});
    EXPECT_THAT(first->forgotten(), ElementsAre(ConversationId{3}));
    EXPECT_THAT(second->forgotten(), ElementsAre(ConversationId{3}));
}

}  // namespace
}  // namespace antiphon::engine
