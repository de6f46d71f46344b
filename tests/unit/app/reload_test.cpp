#include "app/reload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AgentSettings agent(const std::string& name, const std::string& written = "") {
    AgentSettings made;
    made.agent.name = name;
    made.written = written;
    return made;
}

TEST(Reload, WhatCallsTakeAtTheirStartChanges) {
    Settings read;
    read.turn.silence_duration = base::milliseconds(900);
    read.session.instructions = "Be brief.";
    read.call.think.max_tokens = 7;
    read.call.speak.lead = base::milliseconds(300);
    read.log_level = "debug";
    const Reload reload = plan_reload(Settings(), read);
    EXPECT_THAT(reload.changed, ElementsAre("log.level", "language_model.max_tokens", "turn.silence_ms",
                                            "session.instructions", "playout.lead_ms"));
    EXPECT_THAT(reload.needs_restart, IsEmpty());
    EXPECT_EQ(reload.settings.session.turn_detection->silence_duration, base::milliseconds(900));
    EXPECT_EQ(reload.settings.session.instructions, "Be brief.");
    EXPECT_EQ(reload.settings.call.think.max_tokens, 7);
    EXPECT_EQ(reload.settings.call.speak.lead, base::milliseconds(300));
    EXPECT_EQ(reload.settings.log_level, "debug");
}

TEST(Reload, WhatIsBuiltInStaysAndIsNamed) {
    Settings read;
    read.edge.port = 9;
    read.max_calls = 3;
    read.engines.set = "tiny";
    read.engines.language_model_top_p = 0.5F;
    const Reload reload = plan_reload(Settings(), read);
    EXPECT_THAT(reload.changed, IsEmpty());
    EXPECT_THAT(reload.needs_restart,
                ElementsAre("server.port", "server.max_calls", "models.set", "language_model.top_p"));
    EXPECT_EQ(reload.settings.edge.port, 8080);
    EXPECT_EQ(reload.settings.max_calls, 16U);
    // The next reload still knows that it was in vain.
    EXPECT_EQ(plan_reload(reload.settings, read).needs_restart.size(), 4U);
}

TEST(Reload, AgentsAreComparedByTheirOwnTables) {
    Settings before;
    before.agents = {agent("a", "1"), agent("b", "1"), agent("c", "1")};
    Settings read;
    read.agents = {agent("a", "1"), agent("b", "2"), agent("d", "1")};
    const Reload reload = plan_reload(before, read);
    EXPECT_THAT(reload.agents_added, ElementsAre("d"));
    EXPECT_THAT(reload.agents_changed, ElementsAre("b"));
    EXPECT_THAT(reload.agents_gone, ElementsAre("c"));
    EXPECT_EQ(agents_of(reload.settings).named.size(), 3U);
    EXPECT_EQ(in_words(reload), "reloaded; calls that begin now find 3 agents\nagents added: d\nagents changed: b\n"
                                "agents gone: c\n");
}

TEST(Reload, NothingChangedIsSaidAsWell) {
    const Reload reload = plan_reload(Settings(), Settings());
    EXPECT_EQ(in_words(reload), "reloaded; calls that begin now find 0 agents\n");
    EXPECT_EQ(joined({}), "-");
}

}  // namespace
}  // namespace antiphon::app
