// .env.example, the table of settings and the Compose files name the same variables.
#include "app/init_command.hpp"
#include "app/settings_sources.hpp"
#include "app/settings_table.hpp"
#include "source_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace antiphon::app {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::filesystem::path kRoot = ANTIPHON_SOURCE_DIR;

std::string contents(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(kRoot / file).rdbuf();
    return std::move(text).str();
}

const std::string& example() {
    static const std::string text = contents(".env.example");
    return text;
}

/// With each commented line NAME=value as one that counts.
std::string live(const std::string& text) {
    return std::regex_replace(text, std::regex("(^|\n)#([A-Z_]+=)"), "$1$2");
}

std::map<std::string, std::string> variables_of(const std::string& text) {
    std::map<std::string, std::string> variables;
    const auto parsed = parse_dotenv(text, ".env.example");
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text);
    if (parsed)
        for (const auto& one : *parsed) variables[one.name] = one.value;
    return variables;
}

base::Result<Settings> settings_of(const std::string& text) {
    auto variables = parse_dotenv(text, ".env");
    if (!variables) return variables.error();
    return read_settings({.file = {}, .environment = std::move(*variables), .assignments = {}});
}

/// What the Compose files put in from .env.
std::set<std::string> compose_names() {
    std::set<std::string> names;
    for (const char* file : {"compose.yaml", "compose.rocm.yaml", "compose.cuda.yaml"}) {
        const auto text = contents(file);
        EXPECT_THAT(text, Not(IsEmpty())) << file;
        const std::regex name(R"(\$\{([A-Z_]+))");
        for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) names.insert((*at)[1]);
    }
    return names;
}

TEST(EnvExample, IsGoodAsItIsCopied) {
    const auto settings = settings_of(example());
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->backends.ollama_base_url, "http://ollama:11434");
    EXPECT_EQ(settings->session_store.host, "redis");
    EXPECT_EQ(settings->session_store.port, 6379);
    EXPECT_EQ(settings->engines.models_dir, "/mnt/scratch/hf");
    EXPECT_EQ(settings->engines.synthesizer_backend, "auto");
}

TEST(EnvExample, WhatIsCommentedOutIsGoodAsWell) {
    const auto with_secrets = std::regex_replace(live(example()), std::regex("change-me"), "a-secret-of-32-characters-here");
    const auto settings = settings_of(with_secrets);
    EXPECT_TRUE(settings) << settings.error().text;
}

TEST(EnvExample, NamesWhatTheGuideNamesAndNothingThatNobodyReads) {
    const auto variables = variables_of(live(example()));
    std::set<std::string> known = compose_names();
    known.insert({"COMPOSE_FILE", "COMPOSE_PROFILES"});  // Compose's own
    for (const Setting& setting : settings_table()) {
        known.insert(setting.environment_name());
        if (setting.guide_name.empty()) continue;
        known.insert(setting.guide_name);
        EXPECT_THAT(variables, Contains(::testing::Key(setting.guide_name)));
    }
    for (const auto& [name, value] : variables) EXPECT_THAT(known, Contains(name));
}

TEST(EnvExample, HasWhatTheComposeFilesTakeFromIt) {
    const auto variables = variables_of(live(example()));
    for (const std::string& name : compose_names()) {
        if (name == "HF_ENDPOINT") continue;  // of the hub's own programs: docs/models.md
        EXPECT_THAT(variables, Contains(::testing::Key(name)));
    }
}

// ---- Placeholders

TEST(EnvExample, APlaceholderInASecretIsRefusedByItsName) {
    for (const auto& [line, name] : std::map<std::string, std::string>{
             {"REDIS_PASSWORD=change-me", "REDIS_PASSWORD"},
             {"ANTIPHON_REDIS_PASSWORD=Change-Me-Please", "ANTIPHON_REDIS_PASSWORD"},
             {"ANTIPHON_ICE_TURN_SECRET=change-me", "ANTIPHON_ICE_TURN_SECRET"},
             {"ANTIPHON_OPENAI_API_KEY=your-key", "ANTIPHON_OPENAI_API_KEY"}}) {
        const auto refused = settings_of(line);
        ASSERT_FALSE(refused) << line;
        EXPECT_EQ(refused.error().code, base::Errc::invalid);
        EXPECT_THAT(refused.error().text, HasSubstr(name));
        EXPECT_THAT(refused.error().text, HasSubstr("placeholder"));
    }
    EXPECT_TRUE(settings_of("REDIS_PASSWORD=9f86d081884c7d659a2feaa0c55ad015"));
    EXPECT_TRUE(settings_of("ANTIPHON_OLLAMA_MODEL=change-me")) << "no secret";
}

TEST(EnvExample, EverySecretOfTheExampleIsRefusedUntilItIsReplaced) {
    int secrets = 0;
    for (const auto& [name, value] : variables_of(live(example()))) {
        if (value != "change-me") continue;
        ++secrets;
        if (name == "GRAFANA_PASSWORD") continue;  // deploy/docker/grafana.sh refuses it
        EXPECT_FALSE(settings_of(name + "=" + value)) << name;
    }
    EXPECT_EQ(secrets, 3);
}

// ---- antiphon init

std::string filled(const Surroundings& machine) {
    int count = 0;
    return fill_in(example(), machine, [&] { return "secret-number-" + std::to_string(++count); });
}

TEST(Init, PutsADifferentSecretIntoEachPlaceAndLeavesTheRest) {
    const auto variables = variables_of(filled({.scratch_disk = true}));
    EXPECT_EQ(variables.at("REDIS_PASSWORD"), "secret-number-1");
    EXPECT_EQ(variables.at("ANTIPHON_ICE_TURN_SECRET"), "secret-number-2");
    EXPECT_EQ(variables.at("GRAFANA_PASSWORD"), "secret-number-3");
    EXPECT_EQ(variables.at("HF_CACHE_DIR"), "/mnt/scratch/hf");
    EXPECT_EQ(variables.at("OLLAMA_BASE_URL"), "http://ollama:11434");
    EXPECT_FALSE(variables.contains("COMPOSE_FILE"));
    EXPECT_FALSE(variables.contains("RENDER_GID"));
    const auto settings = settings_of(filled({.scratch_disk = true}));
    EXPECT_TRUE(settings) << settings.error().text;
}

TEST(Init, KeepsEachLineOfTheExample) {
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    EXPECT_EQ(lines(filled({})), lines(example()));
    EXPECT_THAT(filled({}), HasSubstr("# What speaks: auto, piper, edge or espeak (docs/voices.md).\nTTS_BACKEND=auto\n"));
}

TEST(Init, WithoutTheScratchDiskTheModelsAreWhereTheyAreByDefault) {
    const auto text = filled({});
    EXPECT_THAT(text, HasSubstr("\n#HF_CACHE_DIR=/mnt/scratch/hf\n#TORCH_CACHE_DIR=/mnt/scratch/torch\n"));
    EXPECT_FALSE(variables_of(text).contains("HF_CACHE_DIR"));
}

TEST(Init, NamesTheComposeFileOfTheGpuAndTheGroupsThatMayUseIt) {
    const auto rocm = variables_of(filled({.gpu = Surroundings::Gpu::rocm, .video_group = 44, .render_group = 993}));
    EXPECT_EQ(rocm.at("COMPOSE_FILE"), "compose.yaml:compose.rocm.yaml");
    EXPECT_EQ(rocm.at("VIDEO_GID"), "44");
    EXPECT_EQ(rocm.at("RENDER_GID"), "993");
    const auto cuda = variables_of(filled({.gpu = Surroundings::Gpu::cuda, .video_group = 44, .render_group = 993}));
    EXPECT_EQ(cuda.at("COMPOSE_FILE"), "compose.yaml:compose.cuda.yaml");
    EXPECT_FALSE(cuda.contains("RENDER_GID"));
}

class InitWrites : public ::testing::Test {
protected:
    InitWrites() {
        std::string name = (std::filesystem::temp_directory_path() / "init-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~InitWrites() override { std::filesystem::remove_all(folder_); }

    std::string written() const {
        std::ostringstream text;
        text << std::ifstream(folder_ / ".env").rdbuf();
        return std::move(text).str();
    }
    int init(bool force = false) const { return run_init_command({.output = folder_ / ".env", .force = force}); }

    std::filesystem::path folder_;
};

TEST_F(InitWrites, AFileThatStartsTheServerForItsOwnerToReadAlone) {
    ASSERT_EQ(init(), 0);
    EXPECT_EQ(std::filesystem::status(folder_ / ".env").permissions(), std::filesystem::perms(0600));
    const auto settings = settings_of(written());
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_GE(settings->session_store.password.size(), 32U);
    EXPECT_GE(settings->ice.turn_secret.size(), 32U);
    EXPECT_NE(settings->session_store.password, settings->ice.turn_secret);
    EXPECT_THAT(written(), Not(HasSubstr("=change-me")));
}

TEST_F(InitWrites, NothingOverAFileThatIsThereUnlessForced) {
    std::ofstream(folder_ / ".env") << "MINE=1\n";
    EXPECT_EQ(init(), 1);
    EXPECT_EQ(written(), "MINE=1\n");

    EXPECT_EQ(init(true), 0);
    EXPECT_THAT(written(), HasSubstr("REDIS_PASSWORD="));
    std::ostringstream old;
    old << std::ifstream(folder_ / ".env.old").rdbuf();
    EXPECT_EQ(old.str(), "MINE=1\n");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2) << "nothing is left lying";
}

TEST_F(InitWrites, NothingOnTheWayOfALink) {
    std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / ".env");
    EXPECT_EQ(init(), 1);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST_F(InitWrites, NewSecretsEachTime) {
    ASSERT_EQ(init(), 0);
    const auto first = variables_of(written());
    ASSERT_EQ(init(true), 0);
    const auto second = variables_of(written());
    for (const char* name : {"REDIS_PASSWORD", "ANTIPHON_ICE_TURN_SECRET", "GRAFANA_PASSWORD"})
        EXPECT_NE(first.at(name), second.at(name));
}

TEST_F(InitWrites, AnErrorWhereItCannot) {
    EXPECT_EQ(run_init_command({.output = folder_ / "none" / ".env", .force = false}), 1);
}

}  // namespace
}  // namespace antiphon::app
