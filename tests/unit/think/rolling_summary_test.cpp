#include "think/rolling_summary.hpp"

#include "think/prompt_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antiphon::think {
namespace {

using engine::Role;

/// A token for each four bytes.
class CountingModel final : public engine::LanguageModel {
public:
    base::Result<engine::Generation> generate(const engine::GenerationRequest&, const Sink&, std::stop_token) override {
        return base::error(base::Errc::engine, "never asked");
    }
    void forget(engine::ConversationId) override {}
    std::size_t parallel() const noexcept override { return 1; }
    std::size_t context_tokens() const noexcept override { return 0; }
    std::size_t count_tokens(std::string_view text) const override { return text.size() / 4; }
};

class RollingSummaryTest : public ::testing::Test {
protected:
    static constexpr std::size_t kContext = 4000;

    /// 25 tokens and 12 around.
    void say(const std::string& id, Role role, std::size_t bytes = 100) {
        std::string text = id + ":";
        text.resize(bytes, 'x');
        items.push_back({id, ItemKind::message, role, ItemStatus::completed, {{ContentKind::input_text, text, nullptr}}});
    }
    /// A question and its answer: 74 tokens.
    void turn(const std::string& id) {
        say(id, Role::user);
        say(id + "'", Role::assistant);
    }
    void turns(int count) {
        for (int i = 0; i < count; ++i) turn("t" + std::to_string(i));
    }
    void use(const std::string& id, ItemKind kind, const std::string& call) {
        Item item;
        item.id = id;
        item.kind = kind;
        item.call = {call, "tool", "{}"};
        item.output = id + " output";
        items.push_back(item);
    }
    std::optional<Folding> wanted(std::size_t left = 1000) { return summary.wanted(items, left, kContext); }
    /// One summary is made and taken.
    void fold(const std::string& text = "They talked.") {
        const auto folding = wanted();
        ASSERT_TRUE(folding);
        const auto taken = summary.take(items, *folding, text, true);
        ASSERT_TRUE(taken) << taken.error().text;
    }
    static std::string ids(const Folding& folding) {
        std::string all;
        for (const auto& item : folding.items) all += item.first + " ";
        return all;
    }

    CountingModel model;
    TokenCounter counter{model};
    RollingSummary summary{{true, 0.6, 100}, counter};
    std::vector<Item> items;
};

TEST_F(RollingSummaryTest, NothingIsFoldedBelowTheThreshold) {
    turns(8);  // 592 of 600
    EXPECT_FALSE(wanted());
    turn("last");
    EXPECT_TRUE(wanted());
}

TEST_F(RollingSummaryTest, FewBytesNeedNoCounting) {
    turns(2);
    EXPECT_TRUE(summary.surely_small(items, 0, 1000));
    EXPECT_FALSE(summary.surely_small(items, 200, 1000));
}

TEST_F(RollingSummaryTest, TheOldestWholeTurnsAreFoldedDownToHalf) {
    turns(10);  // 740; down to 300: four turns stay
    const auto folding = wanted();
    ASSERT_TRUE(folding);
    EXPECT_EQ(ids(*folding), "t0 t0' t1 t1' t2 t2' t3 t3' t4 t4' t5 t5' ");
    EXPECT_EQ(folding->max_tokens, 100);
    ASSERT_EQ(folding->messages.size(), 2U);
    EXPECT_NE(folding->messages[1].text.find("Caller: t0:"), std::string::npos);
    EXPECT_NE(folding->messages[1].text.find("Assistant: t5':"), std::string::npos);
    EXPECT_EQ(folding->messages[1].text.find("t6"), std::string::npos);
}

TEST_F(RollingSummaryTest, TheNewestTurnsAreNeverFolded) {
    for (int i = 0; i < 5; ++i) say("u" + std::to_string(i), Role::user, 1200);
    EXPECT_EQ(ids(wanted().value_or(Folding{})), "u0 u1 ");
    items.erase(items.begin(), items.begin() + 2);
    EXPECT_FALSE(wanted()) << "three are left, long as they are";
}

TEST_F(RollingSummaryTest, AGreetingGoesWithTheFirstTurn) {
    say("hello", Role::assistant);
    turns(10);
    EXPECT_EQ(ids(*wanted()).substr(0, 9), "hello t0 ");
}

TEST_F(RollingSummaryTest, ACallAndItsOutputAreFoldedTogetherOrNotAtAll) {
    turns(5);
    say("q", Role::user);
    use("call", ItemKind::function_call, "1");
    turns(0);
    say("while", Role::user);
    say("while2", Role::user);
    use("out", ItemKind::function_call_output, "1");
    say("a", Role::assistant);
    for (const char* id : {"x", "y", "z", "w", "v"}) turn(id);
    const auto folding = wanted();
    ASSERT_TRUE(folding);
    const std::string all = ids(*folding);
    EXPECT_EQ(all.find("call ") == std::string::npos, all.find("out ") == std::string::npos) << all;
    EXPECT_NE(all.find("call "), std::string::npos) << all;
    EXPECT_NE(folding->messages[1].text.find("The tool answers: out output"), std::string::npos);

    RollingSummary again{{true, 0.6, 100}, counter};
    items.resize(items.size() - 8);  // the output lies among the newest turns now
    const auto before = again.wanted(items, 700, kContext);
    ASSERT_TRUE(before);
    EXPECT_EQ(ids(*before).find("call "), std::string::npos) << ids(*before);
    EXPECT_EQ(ids(*before).find("q "), std::string::npos) << "whole turns: the question stays with its call";
}

TEST_F(RollingSummaryTest, AnItemThatIsBeingMadeIsNotFolded) {
    turns(10);
    items[2].status = ItemStatus::in_progress;
    EXPECT_EQ(ids(*wanted()), "t0 t0' ");
}

TEST_F(RollingSummaryTest, TheSystemsMessagesStay) {
    say("rules", Role::system);
    turns(10);
    EXPECT_EQ(ids(*wanted()).find("rules"), std::string::npos);
}

TEST_F(RollingSummaryTest, TheNextSummaryIsMadeOfTheOneBefore) {
    turns(10);
    fold("The caller is called Ada.");
    EXPECT_TRUE(summary.folds("t0"));
    EXPECT_FALSE(summary.folds("t9"));
    EXPECT_FALSE(wanted()) << "some turns pass before the next one";
    for (int i = 10; i < 16; ++i) turn("t" + std::to_string(i));
    const auto next = wanted();
    ASSERT_TRUE(next);
    EXPECT_NE(next->messages[1].text.find("The notes so far:\nThe caller is called Ada."), std::string::npos);
    EXPECT_EQ(ids(*next).substr(0, 3), "t6 ");
    EXPECT_EQ(next->messages[1].text.find("t5"), std::string::npos) << "what was folded is not told again";
}

TEST_F(RollingSummaryTest, ThePromptIsInstructionsSummaryAndTheOthers) {
    turns(10);
    PromptWindow window{counter};
    fold("The caller is called Ada.");
    const auto messages = window.messages(items, {"Be brief.", {}, std::nullopt, &summary}, {1000});
    ASSERT_TRUE(messages);
    EXPECT_EQ(messages->front().role, Role::system);
    EXPECT_EQ(messages->front().text.rfind("Be brief.\n\nSummary of the conversation so far", 0), 0U);
    EXPECT_NE(messages->front().text.find(": The caller is called Ada."), std::string::npos);
    ASSERT_EQ(messages->size(), 9U);
    EXPECT_EQ((*messages)[1].text.substr(0, 3), "t6:");
    EXPECT_EQ(window.left_out(), 0U);
    EXPECT_EQ(summary.behind("").rfind("Summary", 0), 0U);
}

TEST_F(RollingSummaryTest, EmptyAndEndlessOnesAreRefused) {
    turns(10);
    const auto folding = wanted();
    for (const auto& [text, whole] : {std::pair<std::string, bool>{" \n", true}, {"Good, but cut", false}, {std::string(404, 'x'), true}}) {
        const auto taken = summary.take(items, *folding, text, whole);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, base::Errc::invalid);
    }
    EXPECT_EQ(summary.summary(), Summary{});
    EXPECT_TRUE(wanted()) << "it is still due";
}

TEST_F(RollingSummaryTest, ATooLongOneIsCutBehindASentence) {
    turns(10);
    const auto folding = wanted();
    const std::string sentence = "The caller wants a room with a view of the lake. ";
    std::string text;
    while (text.size() < 3 * 404) text += sentence;
    for (const bool whole : {true, false}) {
        RollingSummary one({true, 0.6, 100}, counter);
        const auto again = one.wanted(items, 1000, 4000);
        ASSERT_TRUE(again);
        ASSERT_TRUE(one.take(items, *again, text + "And the", whole));
        EXPECT_EQ(one.summary().text.substr(one.summary().text.size() - 5), "lake.");
        EXPECT_LE(counter.tokens_in(one.summary().text), static_cast<std::size_t>(again->max_tokens));
    }
}

TEST_F(RollingSummaryTest, OneThatComesAfterAChangeIsRefused) {
    turns(10);
    const auto folding = wanted();
    items.erase(items.begin());
    const auto taken = summary.take(items, *folding, "Good.", true);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, base::Errc::conflict);
}

TEST_F(RollingSummaryTest, DeletedOrChangedItemsMakeItStale) {
    turns(10);
    fold();
    EXPECT_FALSE(summary.drop_if_stale(items));
    say("new", Role::user);
    items.erase(items.begin() + 19);
    EXPECT_FALSE(summary.drop_if_stale(items)) << "not folded";
    items[1].content[0].text = "cut";
    EXPECT_TRUE(summary.drop_if_stale(items));
    EXPECT_FALSE(summary.folds("t0"));
    fold();
    items.erase(items.begin());
    EXPECT_TRUE(summary.drop_if_stale(items));
    EXPECT_EQ(summary.behind("Be brief."), "Be brief.");
}

TEST_F(RollingSummaryTest, ALateOutputMakesItStale) {
    say("q", Role::user);
    use("call", ItemKind::function_call, "1");
    turns(10);
    fold();
    ASSERT_TRUE(summary.folds("call"));
    use("out", ItemKind::function_call_output, "1");
    EXPECT_TRUE(summary.drop_if_stale(items));
}

TEST_F(RollingSummaryTest, WhatIsAskedFitsIntoThePrompt) {
    for (int i = 0; i < 60; ++i) turn("t" + std::to_string(i));
    for (int round = 0; round < 20; ++round) {
        const auto folding = summary.wanted(items, 1000, 1200);
        if (!folding) break;
        std::size_t tokens = 0;
        for (const auto& message : folding->messages) tokens += counter.tokens_in(message.text) + kTokensAroundEach;
        EXPECT_LE(tokens + static_cast<std::size_t>(folding->max_tokens), 1200U);
        ASSERT_TRUE(summary.take(items, *folding, "Notes " + std::to_string(round), true));
    }
    EXPECT_FALSE(summary.wanted(items, 1000, 1200)) << "it comes to an end";
    EXPECT_TRUE(summary.folds("t50"));
}

TEST_F(RollingSummaryTest, ABookIsShortenedInTheQuestion) {
    say("book", Role::user, 100'000);
    turns(4);
    const auto folding = wanted();
    ASSERT_TRUE(folding);
    EXPECT_EQ(ids(*folding).substr(0, 5), "book ");
    EXPECT_LE(folding->messages[1].text.size() / 4, kContext);
}

TEST_F(RollingSummaryTest, ATinyContextHasNone) {
    turns(10);
    EXPECT_FALSE(summary.wanted(items, 80, kContext)) << "no room for a summary that says anything";
    EXPECT_FALSE(summary.wanted(items, 1000, 300)) << "no prompt to ask for one in";
}

TEST_F(RollingSummaryTest, AKeptOneGoesOn) {
    turns(10);
    fold("The caller is called Ada.");
    const Summary kept = summary.summary();
    RollingSummary other{{true, 0.6, 100}, counter};
    EXPECT_TRUE(other.restore(kept, items));
    EXPECT_EQ(other.summary(), kept);
    EXPECT_TRUE(other.folds("t0"));
    EXPECT_FALSE(other.drop_if_stale(items));

    RollingSummary without{{true, 0.6, 100}, counter};
    items.erase(items.begin());
    EXPECT_FALSE(without.restore(kept, items));
    EXPECT_FALSE(without.restore({}, items));
    EXPECT_EQ(without.summary(), Summary{});
}

}  // namespace
}  // namespace antiphon::think
