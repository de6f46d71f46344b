#include "app/agent_settings.hpp"

#include "app/settings_sources.hpp"
#include "source_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class AgentSettingsTest : public ::testing::Test {
protected:
    AgentSettingsTest() {
        std::string name = ::testing::TempDir() + "antiphon-agents-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~AgentSettingsTest() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path file(const std::string& name, const std::string& text) {
        const auto path = directory_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return path;
    }
    base::Result<Settings> read(const std::string& text, std::vector<std::string> assignments = {}) {
        return read_settings(
            {.file = file("antiphon.toml", text), .environment = {}, .assignments = std::move(assignments)});
    }
    std::string refusal(const std::string& text) {
        const auto settings = read(text);
        EXPECT_FALSE(settings) << text;
        if (settings) return "";
        EXPECT_EQ(settings.error().code, base::Errc::invalid);
        const std::string prefix = (directory_ / "antiphon.toml").string() + ":";
        EXPECT_THAT(settings.error().text, StartsWith(prefix));
        return settings.error().text.substr(std::min(prefix.size(), settings.error().text.size()));
    }
    static std::vector<std::string> names(const Settings& settings) {
        std::vector<std::string> all;
        for (const auto& one : settings.agents) all.push_back(one.agent.name);
        return all;
    }

    std::filesystem::path directory_;
};

TEST_F(AgentSettingsTest, EveryKeyIsRead) {
    const auto settings = read(R"(
[agents.desk]
description = "Answers the phone"
instructions = "Be brief."
greeting = "Hello, this is the desk."
voice = "joe"
language = "en"
speed = 1.25
tools = ["get_weather", "call-back"]
max_output_tokens = 40
temperature = 0.5
[agents.desk.turn]
silence_ms = 900
threshold = 0.75
prefix_padding_ms = 100
create_response = false
interrupt_response = false
speculate = false
pause_hint_ms = 200
min_speech_ms = 96
min_interruption_ms = 320
max_utterance_ms = 60000
)");
    ASSERT_TRUE(settings) << settings.error().text;
    const call::Agents agents = agents_of(*settings);
    ASSERT_EQ(agents.named.size(), 1U);
    const call::Agent& desk = agents.named[0];
    EXPECT_EQ(desk.name, "desk");
    EXPECT_EQ(desk.description, "Answers the phone");
    EXPECT_EQ(desk.session.agent, "desk");
    EXPECT_EQ(desk.session.instructions, "Be brief.");
    EXPECT_EQ(desk.session.greeting, "Hello, this is the desk.");
    EXPECT_EQ(desk.session.voice, "joe");
    EXPECT_EQ(desk.session.input_language, "en");
    EXPECT_EQ(desk.session.speed, 1.25F);
    EXPECT_EQ(desk.session.max_output_tokens, 40);
    EXPECT_EQ(desk.settings.think.temperature, 0.5F);
    EXPECT_EQ(desk.tools, (std::vector<std::string>{"get_weather", "call-back"}));
    ASSERT_TRUE(desk.session.turn_detection);
    EXPECT_EQ(desk.session.turn_detection->silence_duration, base::milliseconds(900));
    EXPECT_EQ(desk.session.turn_detection->threshold, 0.75F);
    EXPECT_EQ(desk.session.turn_detection->prefix_padding, base::milliseconds(100));
    EXPECT_FALSE(desk.session.turn_detection->create_response);
    EXPECT_FALSE(desk.session.turn_detection->interrupt_response);
    EXPECT_FALSE(desk.settings.speculate);
    EXPECT_EQ(desk.settings.listen.pause_hint, base::milliseconds(200));
    EXPECT_EQ(desk.settings.listen.min_speech, base::milliseconds(96));
    EXPECT_EQ(desk.settings.listen.min_interruption, base::milliseconds(320));
    EXPECT_EQ(desk.settings.listen.max_utterance, base::milliseconds(60'000));

    // ... and none of it is anybody else's.
    EXPECT_EQ(agents.plain.session.agent, "");
    EXPECT_EQ(agents.plain.session.greeting, "");
    EXPECT_EQ(agents.plain.session.turn_detection->silence_duration, base::milliseconds(500));
    EXPECT_TRUE(agents.plain.settings.speculate);
    EXPECT_FALSE(agents.plain.tools);
}

TEST_F(AgentSettingsTest, WhatIsLeftOutIsAsForAllCalls) {
    const auto settings = read("[session]\nspeed = 0.75\ngreeting = \"Hi\"\n[agents.desk]\n[agents.quiet]\ngreeting = \"\"\n",
                               {"turn.silence_ms=1234", "language_model.temperature=1"});
    ASSERT_TRUE(settings) << settings.error().text;
    ASSERT_THAT(names(*settings), ElementsAre("desk", "quiet"));
    const call::Agent& desk = settings->agents[0].agent;
    EXPECT_EQ(desk.session.speed, 0.75F);
    EXPECT_EQ(desk.session.greeting, "Hi");
    EXPECT_EQ(desk.session.instructions, Settings().session.instructions);
    EXPECT_EQ(desk.session.turn_detection->silence_duration, base::milliseconds(1234));
    EXPECT_EQ(desk.settings.think.temperature, 1.0F);
    EXPECT_FALSE(desk.tools);
    EXPECT_EQ(settings->agents[1].agent.session.greeting, "");
}

TEST_F(AgentSettingsTest, DocumentsAreNobodyElses) {
    const auto settings = read("[knowledge]\ncollection = \"house\"\n[agents.desk]\n[agents.bank]\nknowledge = \"vault\"\n");
    ASSERT_TRUE(settings) << settings.error().text;
    const call::Agents agents = agents_of(*settings);
    EXPECT_EQ(agents.plain.session.knowledge, "house");
    EXPECT_EQ(agents.find("desk")->session.knowledge, "") << "an agent that names no documents has none";
    EXPECT_EQ(agents.find("bank")->session.knowledge, "vault");
    EXPECT_THAT(refusal("[agents.bank]\nknowledge = \"../vault\"\n"),
                StartsWith("2: agents.bank.knowledge is \"../vault\"; a collection's name"));
}

TEST_F(AgentSettingsTest, MoreStandInAFileOrAFolder) {
    const auto more = file("more.toml", "[agents.shop]\ngreeting = \"Shop\"\n");
    auto settings = read("[agents]\nfile = \"" + more.string() + "\"\n[agents.desk]\n");
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_THAT(names(*settings), ElementsAre("desk", "shop"));

    file("folder/b.toml", "[agents.b]\n");
    file("folder/a.toml", "[agents.a2]\n[agents.a1]\n");
    file("folder/.a.toml.swp", "not TOML");
    file("folder/.hidden.toml", "not TOML");
    file("folder/notes.txt", "not TOML");
    file("folder/empty.toml", "# nobody yet\n");
    settings = read("", {"agents.file=" + (directory_ / "folder").string()});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_THAT(names(*settings), ElementsAre("a1", "a2", "b"));
}

TEST_F(AgentSettingsTest, AFileThatIsNotThereOrCannotBeReadIsSaid) {
    ASSERT_EQ(mkfifo((directory_ / "pipe").c_str(), 0600), 0);
    for (const auto& named : {directory_ / "none.toml", directory_ / "pipe"}) {
        const auto settings = read("", {"agents.file=" + named.string()});
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().code, base::Errc::unavailable);
        EXPECT_EQ(settings.error().text, "the file of agents " + named.string() + " cannot be read");
    }
}

TEST_F(AgentSettingsTest, AFileOfAgentsHoldsNothingElse) {
    const auto more = file("more.toml", "[agents.shop]\n\n[session]\nspeed = 1\n");
    auto settings = read("", {"agents.file=" + more.string()});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().text, more.string() + ":3: a file of agents holds only tables [agents.NAME], not session");
    file("more.toml", "[agents]\nfile = \"more.toml\"\n");
    settings = read("", {"agents.file=" + more.string()});
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().text, EndsWith("more.toml:2: no agent can have the name file: it is reserved"));
    file("more.toml", "[agents.a\n");
    settings = read("", {"agents.file=" + more.string()});
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().text, HasSubstr("more.toml:1: not TOML"));
}

TEST_F(AgentSettingsTest, MistypedKeysAreNamedWithTheNearest) {
    EXPECT_EQ(refusal("[agents.desk]\ngreting = \"Hi\"\n"),
              "2: agents.desk.greting is no key of an agent; did you mean greeting?");
    EXPECT_EQ(refusal("[agents.desk.turn]\nsilence = 3\n"),
              "2: agents.desk.turn.silence is no key of an agent; did you mean turn.silence_ms?");
    EXPECT_EQ(refusal("[agents.desk.model]\nname = \"x\"\n").substr(0, 42), "1: agents.desk.model is no key of an agent");
}

TEST_F(AgentSettingsTest, WrongTypesAndBoundsAreNamed) {
    EXPECT_EQ(refusal("[agents.desk]\ninstructions = 5\n"), "2: agents.desk.instructions must be a text");
    EXPECT_EQ(refusal("[agents.desk]\nvoice = [\"joe\"]\n"), "2: agents.desk.voice must be a text");
    EXPECT_EQ(refusal("[agents.desk]\ngreeting = { text = \"Hi\" }\n"), "2: agents.desk.greeting must be a text");
    EXPECT_EQ(refusal("[agents.desk]\nspeed = \"fast\"\n"), "2: agents.desk.speed must be a number");
    EXPECT_EQ(refusal("[agents.desk]\nspeed = 9\n"), "2: agents.desk.speed is 9; it must be from 0.25 to 1.5");
    EXPECT_EQ(refusal("[agents.desk]\nspeed = nan\n"), "2: agents.desk.speed is nan; it must be from 0.25 to 1.5");
    EXPECT_EQ(refusal("[agents.desk]\ntemperature = -0.1\n"),
              "2: agents.desk.temperature is -0.1; it must be from 0 to 2");
    EXPECT_EQ(refusal("[agents.desk]\nmax_output_tokens = 0\n"),
              "2: agents.desk.max_output_tokens is 0; it must be from 1 to 4096");
    EXPECT_EQ(refusal("[agents.desk]\nmax_output_tokens = \"inf\"\n"),
              "2: agents.desk.max_output_tokens must be a whole number");
    EXPECT_EQ(refusal("[agents.desk]\nturn = 500\n"), "2: agents.desk.turn must be a table");
    EXPECT_EQ(refusal("[agents.desk]\nturn.silence_ms = 99999\n"),
              "2: agents.desk.turn.silence_ms is 99999; it must be from 0 to 10000");
    EXPECT_EQ(refusal("[agents.desk]\ntools = [1]\n"), "2: agents.desk.tools must be a list of texts");
    EXPECT_EQ(refusal("[agents.desk]\ntools = [\"get weather\"]\n"),
              "2: agents.desk.tools: a tool's name has 1 to 64 letters, digits, - or _");
    EXPECT_THAT(refusal("[agents]\ndesk = 5\n"), HasSubstr("unknown setting agents.desk"));
    EXPECT_THAT(refusal("[[agents]]\nname = \"desk\"\n"), HasSubstr("unknown setting agents"));
}

TEST_F(AgentSettingsTest, TextsHaveTheirBounds) {
    const auto with = [](const std::string& key, std::size_t length) {
        return "[agents.desk]\n" + key + " = \"" + std::string(length, 'x') + "\"\n";
    };
    EXPECT_TRUE(read(with("instructions", 32'768)));
    EXPECT_EQ(refusal(with("instructions", 32'769)),
              "2: agents.desk.instructions has 32769 bytes; it may have at most 32768");
    EXPECT_EQ(refusal(with("greeting", 2'001)), "2: agents.desk.greeting has 2001 bytes; it may have at most 2000");
    EXPECT_EQ(refusal(with("description", 501)), "2: agents.desk.description has 501 bytes; it may have at most 500");
    std::string tools = "[agents.desk]\ntools = [\"t\"";
    for (int i = 0; i < 128; ++i) tools += ", \"t\"";
    EXPECT_EQ(refusal(tools + "]\n"), "2: agents.desk.tools may name at most 128 tools");
}

TEST_F(AgentSettingsTest, OnlyPlainNamesAreNames) {
    EXPECT_EQ(refusal("[agents.\"\"]\n"), "1: an agent's name is empty");
    for (const std::string name : {"a b", "../x", "\\u00e9t\\u00e9", "a\\nb", ".hidden", "-x", "a/b"})
        EXPECT_THAT(refusal("[agents.\"" + name + "\"]\n"), StartsWith("1: an agent's name has 1 to 64 letters")) << name;
    EXPECT_THAT(refusal("[agents." + std::string(65, 'a') + "]\n"), StartsWith("1: an agent's name has 1 to 64"));
    const auto settings = read("[agents.\"gpt-4o.mini_2\"]\n[agents." + std::string(64, 'a') + "]\n");
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_THAT(names(*settings), ElementsAre(std::string(64, 'a'), "gpt-4o.mini_2"));
}

TEST_F(AgentSettingsTest, ReservedNamesAreSaid) {
    EXPECT_EQ(refusal("[agents.file]\ngreeting = \"Hi\"\n"), "1: no agent can have the name file: it is reserved");
    EXPECT_EQ(refusal("[agents.antiphon]\n"), "1: no agent can have the name antiphon: it is reserved");
}

TEST_F(AgentSettingsTest, NoNameComesTwice) {
    EXPECT_THAT(refusal("[agents.desk]\n[agents.desk]\n"), HasSubstr("not TOML"));
    const auto more = file("more.toml", "\n[agents.desk]\n");
    const auto settings = read("[agents.desk]\n", {"agents.file=" + more.string()});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().text, more.string() + ":2: there is already an agent desk, at " +
                                         (directory_ / "antiphon.toml").string() + ":1");
}

TEST_F(AgentSettingsTest, ThePageNamesEveryKey) {
    std::ifstream in(std::filesystem::path(ANTIPHON_SOURCE_DIR) / "docs/agents.md");
    std::ostringstream page;
    page << in.rdbuf();
    for (const std::string& key : agent_keys()) EXPECT_THAT(page.str(), HasSubstr("`" + key + "`"));
}

}  // namespace
}  // namespace antiphon::app
