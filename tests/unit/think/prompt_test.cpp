#include "think/prompt.hpp"

#include <gtest/gtest.h>

namespace antiphon::think {
namespace {

using engine::Message;
using engine::Role;
using Messages = std::vector<Message>;

Item said(Role role, std::optional<std::string> text) {
    return {"", ItemKind::message, role, ItemStatus::completed, {{ContentKind::input_text, std::move(text), nullptr}}};
}
Item call(const std::string& id, ItemStatus status = ItemStatus::completed) {
    Item item;
    item.kind = ItemKind::function_call;
    item.status = status;
    item.call = {id, "weather", "{}"};
    return item;
}
Item output(const std::string& id, const std::string& text) {
    Item item;
    item.kind = ItemKind::function_call_output;
    item.call.id = id;
    item.output = text;
    return item;
}
engine::ToolCall used(const std::string& id) { return {id, "weather", "{}"}; }

TEST(Prompt, LeavesOutWhatHasNoWordsAndJoinsNeighbours) {
    const std::vector<Item> items{said(Role::user, "I would like"), said(Role::assistant, ""), said(Role::user, std::nullopt),
                                  said(Role::user, "a ticket"), said(Role::assistant, "Where to?")};
    EXPECT_EQ(prompt_of(items, "Be kind.", "To Rome"), (Messages{{Role::system, "Be kind."},
                                                                 {Role::user, "I would like a ticket"},
                                                                 {Role::assistant, "Where to?"},
                                                                 {Role::user, "To Rome"}}));
    EXPECT_EQ(prompt_of(items, "").front().role, Role::user);
}

TEST(Prompt, CallsBelongToTheWordsBeforeThemAndOutputsStandBehind) {
    const std::vector<Item> items{said(Role::user, "Weather?"), said(Role::assistant, "Let me look."), call("1"), call("2"),
                                  output("2", "rain"), output("1", "sun"), said(Role::assistant, "Mixed.")};
    EXPECT_EQ(prompt_of(items, ""), (Messages{{Role::user, "Weather?"},
                                              {Role::assistant, "Let me look.", {used("1"), used("2")}},
                                              {Role::tool, "sun", {}, "1"},
                                              {Role::tool, "rain", {}, "2"},
                                              {Role::assistant, "Mixed."}}));
}

TEST(Prompt, ACallWithoutWordsIsAMessageOfItsOwn) {
    EXPECT_EQ(prompt_of({said(Role::user, "Weather?"), call("1")}, ""),
              (Messages{{Role::user, "Weather?"}, {Role::assistant, "", {used("1")}}}));
}

TEST(Prompt, OneCallAfterTheOtherIsTwoSteps) {
    EXPECT_EQ(prompt_of({said(Role::user, "Go."), call("1"), output("1", "a"), call("2"), output("2", "b")}, ""),
              (Messages{{Role::user, "Go."},
                        {Role::assistant, "", {used("1")}},
                        {Role::tool, "a", {}, "1"},
                        {Role::assistant, "", {used("2")}},
                        {Role::tool, "b", {}, "2"}}));
}

TEST(Prompt, TheCallersWordsMeanwhileStandBehindTheOutput) {
    EXPECT_EQ(prompt_of({said(Role::user, "Weather?"), call("1"), said(Role::user, "Quick!"), output("1", "sun")}, ""),
              (Messages{{Role::user, "Weather?"},
                        {Role::assistant, "", {used("1")}},
                        {Role::tool, "sun", {}, "1"},
                        {Role::user, "Quick!"}}));
}

TEST(Prompt, UnfinishedCallsAndOutputsWithoutACallAreLeftOut) {
    EXPECT_EQ(prompt_of({said(Role::user, "Weather?"), call("1", ItemStatus::incomplete), call("2", ItemStatus::in_progress),
                         output("1", "sun"), output("9", "rain")},
                        ""),
              (Messages{{Role::user, "Weather?"}}));
}

}  // namespace
}  // namespace antiphon::think
