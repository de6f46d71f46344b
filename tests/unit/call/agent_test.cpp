#include "call/agent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::call {
namespace {

std::shared_ptr<const Agents> agents_named(const std::vector<std::string>& names) {
    auto agents = std::make_shared<Agents>();
    for (const auto& name : names) agents->named.push_back({name, {}, {}, {}, {}});
    return agents;
}

TEST(Agents, AnAgentIsChosenByNameThenByModel) {
    const auto agents = agents_named({"desk", "shop"});
    EXPECT_EQ((*choose(agents, "desk", "shop"))->name, "desk");
    EXPECT_EQ((*choose(agents, "", "shop"))->name, "shop");
    EXPECT_EQ((*choose(agents, "", "gpt-realtime"))->name, "");
    EXPECT_EQ((*choose(agents, "", ""))->name, "");
}

TEST(Agents, AnUnknownNameIsAnsweredWithThoseThereAre) {
    const auto refused = choose(agents_named({"desk", "shop"}), "nobody", "desk");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::not_found);
    EXPECT_EQ(refused.error().text, "there is no agent by that name; there are: desk, shop");
    EXPECT_EQ(choose(agents_named({}), "nobody", "").error().text,
              "there is no agent by that name; this server has none");
    std::vector<std::string> many;
    for (int i = 0; i < 25; ++i) many.push_back("a" + std::to_string(i));
    const auto text = choose(agents_named(many), "nobody", "").error().text;
    EXPECT_NE(text.find("a19 and 5 more"), std::string::npos) << text;
}

TEST(Agents, TheChosenOneOutlivesAReload) {
    auto agents = agents_named({"desk"});
    const auto chosen = *choose(agents, "desk", "");
    const std::weak_ptr<const Agents> old = agents;
    agents = agents_named({"other"});
    EXPECT_FALSE(old.expired());
    EXPECT_EQ(chosen->name, "desk");
}

TEST(Agents, ToolsAreAnysUnlessTheyAreListed) {
    Agent agent;
    EXPECT_TRUE(agent.allows_tool("anything"));
    agent.tools = {"get_weather"};
    EXPECT_TRUE(agent.allows_tool("get_weather"));
    EXPECT_FALSE(agent.allows_tool("get_weathe"));
    agent.tools.emplace();
    EXPECT_FALSE(agent.allows_tool("get_weather"));
}

}  // namespace
}  // namespace antiphon::call
