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
    const std::vector<engine::Tool> two{{"get_weather", "", ""}, {"call_back", "", ""}};
    Agent agent;
    agent.name = "desk";
    EXPECT_TRUE(agent.check_tools(two));
    agent.tools = {"get_weather"};
    EXPECT_TRUE(agent.check_tools(std::nullopt));
    EXPECT_TRUE(agent.check_tools({{two[0]}}));
    const auto refused = agent.check_tools(two);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::unsupported);
    EXPECT_EQ(refused.error().text, "the agent desk does not take the tool 'call_back'");
    EXPECT_EQ(refused.error().param, "tools[1].name");
    agent.tools.emplace();
    EXPECT_FALSE(agent.check_tools({{two[0]}}));
    EXPECT_TRUE(agent.check_tools(std::vector<engine::Tool>())) << "a client may always take its tools away";
}

}  // namespace
}  // namespace antiphon::call
