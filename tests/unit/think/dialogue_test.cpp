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

TEST(Dialogue, MessagesLeaveOutWhatHasNoWordsAndJoinNeighbours) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.add(item("a", Role::user, "I would like")));
    ASSERT_TRUE(dialogue.add(item("b", Role::assistant, "")));
    ASSERT_TRUE(dialogue.add(item("c", Role::user, std::nullopt)));
    ASSERT_TRUE(dialogue.add(item("d", Role::user, "a ticket")));
    ASSERT_TRUE(dialogue.add(item("e", Role::assistant, "Where to?")));
    using engine::Message;
    EXPECT_EQ(dialogue.messages("Be kind.", "To Rome"),
              (std::vector<Message>{{Role::system, "Be kind."},
                                    {Role::user, "I would like a ticket"},
                                    {Role::assistant, "Where to?"},
                                    {Role::user, "To Rome"}}));
    EXPECT_EQ(dialogue.messages("").front().role, Role::user);
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
