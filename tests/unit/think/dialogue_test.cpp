#include "think/dialogue.hpp"

#include <gtest/gtest.h>

namespace antiphon::think {
namespace {

using engine::Role;

Item item(const std::string& id, Role role, std::optional<std::string> text) {
    return {id, ItemKind::message, role, ItemStatus::completed, {{ContentKind::input_text, std::move(text)}}};
}

TEST(Dialogue, KeepsItemsInTheirOrder) {
    Dialogue dialogue;
    EXPECT_EQ(*dialogue.add(item("b", Role::user, "two")), "");
    EXPECT_EQ(*dialogue.add(item("c", Role::assistant, "three")), "b");
    EXPECT_EQ(*dialogue.add(item("a", Role::user, "one"), "root"), "");
    EXPECT_EQ(*dialogue.add(item("x", Role::user, "x"), "b"), "b");
    std::string ids;
    for (const auto& each : dialogue.items()) ids += each.id;
    EXPECT_EQ(ids, "abxc");
}

TEST(Dialogue, RefusesUnknownPlacesAndTakenIds) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.add(item("a", Role::user, "one")));
    EXPECT_EQ(dialogue.add(item("a", Role::user, "two")).error().code, base::Errc::conflict);
    EXPECT_EQ(dialogue.add(item("b", Role::user, "two"), "nowhere").error().param, "previous_item_id");
    EXPECT_EQ(dialogue.items().size(), 1U);
}

TEST(Dialogue, IsBounded) {
    Dialogue dialogue;
    for (std::size_t i = 0; i < Dialogue::kMaxItems; ++i) ASSERT_TRUE(dialogue.add(item(std::to_string(i), Role::user, "x")));
    EXPECT_EQ(dialogue.add(item("more", Role::user, "x")).error().code, base::Errc::overloaded);
}

TEST(Dialogue, KnowsTheItemBefore) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.add(item("a", Role::user, "one")));
    ASSERT_TRUE(dialogue.add(item("b", Role::user, "two")));
    EXPECT_EQ(dialogue.before("b"), "a");
    EXPECT_EQ(dialogue.before("a"), "");
    EXPECT_EQ(dialogue.before("x"), "");
}

TEST(Dialogue, AnOutputNeedsItsCallAndACallHasOneOutput) {
    const auto made = [](const std::string& id, ItemKind kind, const std::string& call_id) {
        Item one;
        one.id = id;
        one.kind = kind;
        one.call.id = call_id;
        return one;
    };
    Dialogue dialogue;
    const auto lost = dialogue.add(made("o", ItemKind::function_call_output, "call_1"));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, base::Errc::not_found);
    EXPECT_EQ(lost.error().param, "item.call_id");
    ASSERT_TRUE(dialogue.add(made("c", ItemKind::function_call, "call_1")));
    EXPECT_EQ(dialogue.add(made("d", ItemKind::function_call, "call_1")).error().code, base::Errc::conflict);
    ASSERT_TRUE(dialogue.add(made("o", ItemKind::function_call_output, "call_1")));
    EXPECT_EQ(dialogue.add(made("p", ItemKind::function_call_output, "call_1")).error().param, "item.call_id");
    EXPECT_EQ(dialogue.items().size(), 2U);
}

TEST(Dialogue, ErasesByName) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.add(item("a", Role::user, "one")));
    EXPECT_FALSE(dialogue.erase("b"));
    EXPECT_TRUE(dialogue.erase("a"));
    EXPECT_EQ(dialogue.find("a"), nullptr);
}

}  // namespace
}  // namespace antiphon::think
