#include "think/prompt_window.hpp"

#include <gtest/gtest.h>

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
    std::size_t count_tokens(std::string_view text) const override {
        longest = std::max(longest, text.size());
        ++asked;
        return text.size() / 4;
    }
    mutable int asked = 0;
    mutable std::size_t longest = 0;
};

class PromptWindowTest : public ::testing::Test {
protected:
    /// 25 tokens and 12 around.
    void say(const std::string& id, Role role, std::size_t bytes = 100) {
        items.push_back({id, ItemKind::message, role, ItemStatus::completed, {{ContentKind::input_text, std::string(bytes, 'x'), nullptr}}});
    }
    void use(const std::string& id, ItemKind kind, const std::string& call) {
        Item item;
        item.id = id;
        item.kind = kind;
        item.call = {call, "tool", std::string(100, 'y')};
        item.output = std::string(100, 'z');
        items.push_back(item);
    }
    std::string kept(const PromptLimits& limits, const std::optional<std::string>& pending = std::nullopt) {
        messages = window.messages(items, {"", {}, pending, nullptr}, limits);
        std::string ids;
        for (const Item& item : items)
            if (!window.left_out(item.id)) ids += item.id;
        return ids;
    }

    CountingModel model;
    TokenCounter counter{model};
    PromptWindow window{counter};
    std::vector<Item> items;
    base::Result<std::vector<engine::Message>> messages = std::vector<engine::Message>{};
};

TEST_F(PromptWindowTest, LeavesOutTheOldestUntilTheRestFits) {
    say("a", Role::user);
    say("b", Role::assistant);
    say("c", Role::user);
    say("d", Role::assistant);
    say("e", Role::user);
    EXPECT_EQ(kept({10'000}), "abcde");
    EXPECT_EQ(model.asked, 0) << "so few bytes fit in any case";
    EXPECT_EQ(kept({180}), "cde") << "an answer without its question does not begin a prompt";
    EXPECT_EQ(messages->size(), 3U);
    EXPECT_EQ(kept({10'000}), "cde") << "what was left out stays out";
}

TEST_F(PromptWindowTest, CutsDownToTheShareToKeep) {
    for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h"}) say(id, Role::user);
    EXPECT_EQ(kept({300, 0.5}), "fgh");
    say("i", Role::user);
    say("j", Role::user);
    EXPECT_EQ(kept({300, 0.5}), "fghij") << "no cut is needed for a while";
}

TEST_F(PromptWindowTest, ACallAndItsOutputGoTogether) {
    say("a", Role::user);
    use("b", ItemKind::function_call, "1");
    say("c", Role::user);
    use("d", ItemKind::function_call_output, "1");
    say("e", Role::user);
    EXPECT_EQ(kept({130}), "ce");
}

TEST_F(PromptWindowTest, TheTurnThatIsToBeAnsweredStays) {
    say("a", Role::user);
    say("b", Role::user);
    use("c", ItemKind::function_call, "1");
    use("d", ItemKind::function_call_output, "1");
    EXPECT_EQ(kept({10}), "bcd");
    EXPECT_TRUE(messages) << "the model says that it is too long";
}

TEST_F(PromptWindowTest, BehindWordsThatAreNotCommittedYetEverythingMayGo) {
    say("a", Role::user);
    say("b", Role::assistant);
    EXPECT_EQ(kept({40}, "now"), "");
    EXPECT_EQ(messages->size(), 1U);
}

TEST_F(PromptWindowTest, RefusesWhereNothingMayBeLeftOut) {
    for (const char* id : {"a", "b", "c", "d"}) say(id, Role::user);
    EXPECT_EQ(kept({100, 1.0, false}), "abcd");
    ASSERT_FALSE(messages);
    EXPECT_EQ(messages.error().code, base::Errc::invalid);
    EXPECT_NE(messages.error().text.find("100"), std::string::npos);
}

TEST_F(PromptWindowTest, CountsAgainWhatHasChanged) {
    say("a", Role::user);
    say("b", Role::user);
    EXPECT_EQ(kept({100}), "ab");
    const int asked = model.asked;
    EXPECT_EQ(kept({100}), "ab");
    EXPECT_EQ(model.asked, asked);
    items[1].content[0].text = std::string(200, 'x');
    EXPECT_EQ(kept({100}), "b");
}

TEST_F(PromptWindowTest, ABookIsCountedByItsBeginning) {
    say("a", Role::user, 1'000'000);
    say("b", Role::user);
    EXPECT_EQ(kept({1000}), "b");
    EXPECT_LE(model.longest, 16U * 1024U);
}

}  // namespace
}  // namespace antiphon::think
