// What every LanguageModel must hold, run on the real backends and on the fake.
//
// A test program includes this once and names its backend:
//     INSTANTIATE_TEST_SUITE_P(Llama, LanguageModelContract, testing::Values(LanguageModelCase{...}));
#pragma once

#include "base/utf8.hpp"
#include "engine/language_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::engine {

struct LanguageModelCase {
    std::string name;
    std::function<std::unique_ptr<LanguageModel>()> open;  ///< with 2 places and a context of 512 or 1024 tokens
    /// From now on answers in a long_talk() go on until they are stopped, or for at least a second.
    std::function<void(LanguageModel&)> answer_at_length = [](LanguageModel&) {};
    /// The next answer asks for these, where a backend has to be told.
    std::function<void(LanguageModel&, const std::vector<ToolCall>&)> script_calls =
        [](LanguageModel&, const std::vector<ToolCall>&) {};
    /// What was computed before is kept here and told; false: a server keeps it as it likes.
    bool tells_what_it_kept = true;
};
inline void PrintTo(const LanguageModelCase& of, std::ostream* out) { *out << of.name; }

/// One conversation: asks, and writes the answers into its history.
struct Talk {
    LanguageModel& model;
    ConversationId id;
    std::vector<Message> messages{{Role::system, "You are a friendly voice assistant. Reply in one short sentence."}};
    int max_tokens = 40;
    std::vector<std::string> pieces{};  ///< of the last answer

    std::string text() const {
        std::string all;
        for (const auto& piece : pieces) all += piece;
        return all;
    }

    base::Result<Generation> ask(const std::string& question, std::stop_token stop = {},
                                 const std::function<void()>& at_each_piece = [] {}) {
        messages.push_back({Role::user, question});
        pieces.clear();
        GenerationRequest request;
        request.conversation = id;
        request.messages = messages;
        request.max_tokens = max_tokens;
        auto result = model.generate(
            request,
            [&](const engine::Fragment& fragment) {
                const std::string_view piece = fragment.text;
                pieces.emplace_back(piece);
                at_each_piece();
            },
            std::move(stop));
        if (result) messages.push_back({Role::assistant, text()});
        else messages.pop_back();
        return result;
    }
};

inline constexpr const char* kLongQuestion = "Write a very long story about a dragon. Do not stop.";

/// For kLongQuestion: nothing in it asks for short answers.
inline Talk long_talk(LanguageModel& model, std::uint64_t id) { return {model, ConversationId{id}, {}, 400}; }

/// Counts events of one thread for another.
class Count {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    void await(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

class LanguageModelContract : public testing::TestWithParam<LanguageModelCase> {
protected:
    std::unique_ptr<LanguageModel> model_ = GetParam().open();
};

TEST_P(LanguageModelContract, AnswersInWholeCharacters) {
    Talk talk{*model_, ConversationId{1}};
    const auto answer = talk.ask("Say hello to Zoë, in 日本語: こんにちは ☕");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_FALSE(talk.text().empty());
    EXPECT_GT(answer->prompt_tokens, 10);
    EXPECT_GT(answer->completion_tokens, 0);
    for (const auto& piece : talk.pieces) {
        EXPECT_FALSE(piece.empty());
        EXPECT_TRUE(base::is_utf8(piece)) << piece;
    }
}

TEST_P(LanguageModelContract, SaysTheSameAgainAtTemperatureZero) {
    Talk one{*model_, ConversationId{1}};
    Talk two{*model_, ConversationId{2}};
    ASSERT_TRUE(one.ask("What is the capital of France?"));
    ASSERT_TRUE(two.ask("What is the capital of France?"));
    EXPECT_EQ(one.text(), two.text());
}

TEST_P(LanguageModelContract, KeepsWhatItHasComputed) {
    Talk talk{*model_, ConversationId{1}};
    const auto first = talk.ask("What is the capital of France?");
    ASSERT_TRUE(first);
    const auto second = talk.ask("And of Spain?");
    ASSERT_TRUE(second);
    if (GetParam().tells_what_it_kept) { EXPECT_GE(second->cached_tokens, first->prompt_tokens); }
    if (GetParam().tells_what_it_kept) { EXPECT_LT(second->cached_tokens, second->prompt_tokens); }
    const auto third = talk.ask("And of Italy?");
    ASSERT_TRUE(third);
    if (GetParam().tells_what_it_kept) { EXPECT_GE(third->cached_tokens, second->prompt_tokens); }
}

TEST_P(LanguageModelContract, ForgetsWhenTold) {
    Talk talk{*model_, ConversationId{1}};
    const auto first = talk.ask("What is the capital of France?");
    ASSERT_TRUE(first);
    model_->forget(ConversationId{1});
    model_->forget(ConversationId{99});
    const auto second = talk.ask("And of Spain?");
    ASSERT_TRUE(second);
    if (GetParam().tells_what_it_kept) { EXPECT_LT(second->cached_tokens, first->prompt_tokens); }
}

TEST_P(LanguageModelContract, StopsBeforeItBegins) {
    Talk talk{*model_, ConversationId{1}};
    std::stop_source stop;
    stop.request_stop();
    const auto answer = talk.ask("What is the capital of France?", stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::cancelled);
    EXPECT_TRUE(talk.pieces.empty());
}

TEST_P(LanguageModelContract, StopsInTheMiddleAndKeepsWhatWasKeptBefore) {
    Talk talk{*model_, ConversationId{1}};
    const auto first = talk.ask("What is the capital of France?");
    ASSERT_TRUE(first);

    std::stop_source stop;
    const auto stopped = talk.ask("And what is it famous for?", stop.get_token(), [&] {
        if (talk.pieces.size() == 3) stop.request_stop();
    });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, base::Errc::cancelled);
    EXPECT_EQ(talk.pieces.size(), 3U);

    const auto second = talk.ask("Thank you, and what is the capital of Spain?");
    ASSERT_TRUE(second) << second.error().text;
    if (GetParam().tells_what_it_kept) { EXPECT_GE(second->cached_tokens, first->prompt_tokens); }
    EXPECT_FALSE(talk.text().empty());
}

TEST_P(LanguageModelContract, StopsFromAnotherThread) {
    GetParam().answer_at_length(*model_);
    Talk talk = long_talk(*model_, 1);
    std::stop_source stop;
    Count pieces;
    base::Result<Generation> answer{Generation{}};
    std::thread thread([&] { answer = talk.ask(kLongQuestion, stop.get_token(), [&] { pieces.add(); }); });
    pieces.await(2);
    stop.request_stop();
    thread.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::cancelled);
    EXPECT_LT(talk.pieces.size(), 200U);
}

TEST_P(LanguageModelContract, EndsAtTheWantedLength) {
    Talk talk{*model_, ConversationId{1}};
    talk.max_tokens = 4;
    const auto answer = talk.ask("Please tell me something about the history of the city of Paris.");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->reason, FinishReason::length);
    EXPECT_EQ(answer->completion_tokens, 4);
    talk.max_tokens = 40;
    const auto next = talk.ask("Is it nice there?");
    ASSERT_TRUE(next);
    if (GetParam().tells_what_it_kept) { EXPECT_GE(next->cached_tokens, answer->prompt_tokens); }
}

TEST_P(LanguageModelContract, RefusesAnEmptyConversationAndOneTooLong) {
    GenerationRequest empty;
    const auto nothing = model_->generate(empty, [](const engine::Fragment&) { FAIL(); }, {});
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, base::Errc::invalid);

    Talk talk{*model_, ConversationId{1}};
    ASSERT_TRUE(talk.ask("What is the capital of France?"));
    std::string text;
    for (std::size_t i = 0; i < model_->context_tokens(); ++i) text += "word ";
    const auto answer = talk.ask(text);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::invalid);
    EXPECT_THAT(answer.error().text, testing::HasSubstr(std::to_string(model_->context_tokens())));
    EXPECT_TRUE(talk.pieces.empty());

    const auto after = talk.ask("And of Spain?");
    ASSERT_TRUE(after) << after.error().text;
    if (GetParam().tells_what_it_kept) { EXPECT_GT(after->cached_tokens, 0); }
}

TEST_P(LanguageModelContract, EachConversationKnowsItsOwnFact) {
    const auto told = [&](const std::string& city, int id) {
        Talk talk{*model_, ConversationId{static_cast<std::uint64_t>(id)}};
        const auto answer = talk.ask("I live in " + city + ". In which city do I live?");
        return answer ? talk.text() : answer.error().text;
    };
    for (int round = 0; round < 3; ++round) {
        std::string berlin;
        std::string madrid;
        std::thread one([&] { berlin = told("Berlin", 2 * round); });
        std::thread two([&] { madrid = told("Madrid", 2 * round + 1); });
        one.join();
        two.join();
        EXPECT_THAT(berlin, testing::AllOf(testing::HasSubstr("Berlin"), testing::Not(testing::HasSubstr("Madrid"))));
        EXPECT_THAT(madrid, testing::AllOf(testing::HasSubstr("Madrid"), testing::Not(testing::HasSubstr("Berlin"))));
    }
}

TEST_P(LanguageModelContract, RefusesMoreAtOnceThanItHasPlaces) {
    GetParam().answer_at_length(*model_);
    std::vector<std::thread> threads;
    std::stop_source stop;
    Count begun;
    const auto places = static_cast<int>(model_->parallel());
    for (int i = 0; i < places; ++i)
        threads.emplace_back([&, i] {
            Talk talk = long_talk(*model_, static_cast<std::uint64_t>(i));
            const auto answer = talk.ask(kLongQuestion, stop.get_token(), [&] {
                if (talk.pieces.size() == 1) begun.add();
            });
            EXPECT_FALSE(answer);
        });
    begun.await(places);

    Talk same{*model_, ConversationId{0}};
    const auto twice = same.ask("Hello?");
    Talk more{*model_, ConversationId{1000}};
    const auto refused = more.ask("Hello?");
    stop.request_stop();
    for (auto& thread : threads) thread.join();
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, base::Errc::conflict);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::overloaded);
    EXPECT_TRUE(more.pieces.empty());
}

TEST_P(LanguageModelContract, CountsTokens) {
    EXPECT_EQ(model_->count_tokens(""), 0U);
    const auto few = model_->count_tokens("Hello there");
    EXPECT_GE(few, 1U);
    EXPECT_GT(model_->count_tokens("Hello there, how are you doing on this fine day?"), few);
}

}  // namespace antiphon::engine
