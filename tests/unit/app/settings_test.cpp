#include "app/settings.hpp"

#include "app/settings_sources.hpp"
#include "app/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
protected:
    SettingsTest() {
        std::string name = ::testing::TempDir() + "antiphon-settings-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~SettingsTest() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path file(const std::string& name, const std::string& text) {
        const auto path = directory_ / name;
        std::ofstream(path) << text;
        return path;
    }

    /// What read_settings() says about a TOML text.
    base::Result<Settings> read_toml(const std::string& text) {
        return read_settings({.file = file("antiphon.toml", text), .environment = {}, .assignments = {}});
    }

    static base::Result<Settings> read_environment(std::vector<EnvironmentVariable> variables) {
        for (auto& variable : variables)
            if (variable.origin.empty()) variable.origin = "environment";
        return read_settings({.file = {}, .environment = std::move(variables), .assignments = {}});
    }

    static base::Result<Settings> read_assignment(const std::string& text) {
        return read_settings({.file = {}, .environment = {}, .assignments = {text}});
    }

    std::filesystem::path directory_;
};

TEST_F(SettingsTest, WithoutSourcesAreTheDefaults) {
    const auto settings = read_settings({});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->edge.host, "127.0.0.1");
    EXPECT_EQ(settings->edge.port, 8080);
    ASSERT_TRUE(settings->session.turn_detection);
    EXPECT_EQ(settings->session.turn_detection->silence_duration, base::milliseconds(500));
    EXPECT_FALSE(settings->session.instructions.empty());
}

TEST_F(SettingsTest, TomlOfEachTypeIsRead) {
    const auto settings = read_toml(R"(
        [server]
        host = "0.0.0.0"
        port = 9000
        allowed_origins = ["https://a.example", "https://b.example"]
        max_calls = 3
        [turn]
        silence_ms = 2000
        speculate = false
        threshold = 1
        [language_model]
        temperature = 0.7
    )");
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->edge.host, "0.0.0.0");
    EXPECT_EQ(settings->edge.port, 9000);
    EXPECT_THAT(settings->edge.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
    EXPECT_EQ(settings->max_calls, 3U);
    EXPECT_EQ(settings->session.turn_detection->silence_duration, base::milliseconds(2000));
    EXPECT_FALSE(settings->call.speculate);
    EXPECT_FLOAT_EQ(settings->session.turn_detection->threshold, 1.0F);
    EXPECT_FLOAT_EQ(settings->call.think.temperature, 0.7F);
}

TEST_F(SettingsTest, LaterSourcesWin) {
    const auto toml = file("a.toml", "[server]\nport = 1001\nmax_calls = 11\nio_threads = 3\nhost = \"a\"\n");
    const auto dotenv = read_dotenv(file(".env",
                                         "ANTIPHON_SERVER_MAX_CALLS=12\nANTIPHON_SERVER_IO_THREADS=4\n"
                                         "ANTIPHON_SERVER_PORT=1002\n"));
    ASSERT_TRUE(dotenv);
    auto environment = *dotenv;
    environment.push_back({"ANTIPHON_SERVER_IO_THREADS", "5", "environment"});
    environment.push_back({"ANTIPHON_SERVER_PORT", "1003", "environment"});
    const auto settings =
        read_settings({.file = toml, .environment = environment, .assignments = {"server.port=1004"}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->edge.host, "a");
    EXPECT_EQ(settings->max_calls, 12U);
    EXPECT_EQ(settings->io_threads, 5);
    EXPECT_EQ(settings->edge.port, 1004);
}

TEST_F(SettingsTest, TheFileMayBeNamedByTheEnvironment) {
    const auto toml = file("a.toml", "[server]\nport = 1001\n");
    const auto settings = read_environment({{"ANTIPHON_CONFIG", toml.string(), ""}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->edge.port, 1001);
}

TEST_F(SettingsTest, UnknownTomlKeyNamesFileLineAndNearestKey) {
    const auto settings = read_toml("[server]\nhost = \"::1\"\nprot = 1\n");
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, base::Errc::invalid);
    EXPECT_THAT(settings.error().text, AllOf(HasSubstr("antiphon.toml:3: unknown setting server.prot"),
                                             HasSubstr("did you mean server.port?")));
}

TEST_F(SettingsTest, UnknownSectionsAreErrorsEvenWhenEmpty) {
    EXPECT_THAT(read_toml("[serverr]\nport = 1\n").error().text, HasSubstr(":2: unknown setting serverr.port"));
    EXPECT_THAT(read_toml("\n[serverr]\n").error().text, HasSubstr(":2: unknown setting serverr"));
    EXPECT_THAT(read_toml("port = 1\n").error().text, HasSubstr(":1: unknown setting port"));
    EXPECT_THAT(read_toml("[[server]]\nport = 1\n").error().text, HasSubstr("unknown setting server"));
    EXPECT_TRUE(read_toml("[server]\n"));
}

TEST_F(SettingsTest, WrongTypesSayWhatIsExpected) {
    EXPECT_THAT(read_toml("[server]\nport = \"80\"\n").error().text,
                HasSubstr(":2: server.port must be a whole number"));
    EXPECT_THAT(read_toml("[server]\nport = 80.5\n").error().text, HasSubstr("server.port must be a whole number"));
    EXPECT_THAT(read_toml("[server]\nhost = 5\n").error().text, HasSubstr("server.host must be a text"));
    EXPECT_THAT(read_toml("[turn]\nspeculate = 1\n").error().text, HasSubstr("turn.speculate must be true or false"));
    EXPECT_THAT(read_toml("[server]\nallowed_origins = [1]\n").error().text, HasSubstr("must be a list of texts"));
    EXPECT_THAT(read_toml("[server]\nhost = 1979-05-27\n").error().text, HasSubstr("server.host must be a text"));
    EXPECT_THAT(read_toml("[server.port]\n").error().text, HasSubstr("server.port must be a whole number"));
    EXPECT_THAT(read_assignment("server.port=80x").error().text,
                HasSubstr("command line: server.port must be a whole number, not \"80x\""));
    EXPECT_THAT(read_assignment("turn.threshold=nan").error().text, HasSubstr("turn.threshold must be a number"));
    EXPECT_THAT(read_assignment("turn.speculate=maybe").error().text,
                HasSubstr("turn.speculate must be true or false"));
}

TEST_F(SettingsTest, ValuesOutOfBoundsSayTheBounds) {
    EXPECT_THAT(read_toml("[server]\nport = 70000\n").error().text,
                HasSubstr(":2: server.port is 70000; it must be from 0 to 65535"));
    EXPECT_THAT(read_toml("[server]\nport = -1\n").error().text, HasSubstr("server.port is -1"));
    EXPECT_THAT(read_toml("[turn]\nthreshold = 1.5\n").error().text,
                HasSubstr("turn.threshold is 1.5; it must be from 0 to 1"));
    EXPECT_THAT(read_toml("[turn]\nthreshold = nan\n").error().text, HasSubstr("turn.threshold is nan"));
    EXPECT_THAT(read_toml("[log]\nlevel = \"loud\"\n").error().text,
                HasSubstr("log.level is \"loud\"; it must be one of debug, info, warning, error"));
    EXPECT_THAT(read_environment({{"REDIS_PORT", "0", ""}}).error().text,
                HasSubstr("environment: REDIS_PORT: redis.port is 0; it must be from 1 to 65535"));
}

TEST_F(SettingsTest, WhatIsNotTomlNamesFileAndLine) {
    const auto settings = read_toml("[server]\nport = \n");
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().text, HasSubstr("antiphon.toml:2: not TOML: "));
}

TEST_F(SettingsTest, AMissingFileIsUnavailable) {
    for (const auto& path : {directory_ / "none.toml", directory_}) {
        const auto settings = read_settings({.file = path, .environment = {}, .assignments = {}});
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().code, base::Errc::unavailable);
        EXPECT_THAT(settings.error().text, HasSubstr(path.string()));
    }
}

TEST_F(SettingsTest, UnknownVariablesOfOursAreErrors) {
    const auto settings = read_environment({{"PATH", "x", ""}, {"ANTIPHON_SERVER_PROT", "1", ".env:7"}});
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().text, AllOf(HasSubstr(".env:7: unknown setting ANTIPHON_SERVER_PROT"),
                                             HasSubstr("did you mean ANTIPHON_SERVER_PORT?")));
    EXPECT_TRUE(read_environment(
        {{"ANTIPHON_CACHE_DIR", "x", ""}, {"ANTIPHON_BINARY", "x", ""}, {"ANTIPHON_TEST_ANY", "1", ""}}));
}

TEST_F(SettingsTest, TheGuidesNamesAreKnown) {
    const auto settings = read_environment({{"OLLAMA_BASE_URL", "http://ollama:11434", ""},
                                            {"REDIS_HOST", "redis", ""},
                                            {"REDIS_PORT", "6380", ""},
                                            {"HF_CACHE_DIR", "/mnt/scratch/hf", ""},
                                            {"TORCH_CACHE_DIR", "/mnt/scratch/torch", ""},
                                            {"TTS_BACKEND", "auto", ""}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->engines.models_dir, "/mnt/scratch/hf");
    EXPECT_EQ(settings->engines.torch_dir, "/mnt/scratch/torch");
    EXPECT_EQ(settings->session_store.port, 6380);
    EXPECT_EQ(settings->backends.ollama_base_url, "http://ollama:11434");
}

TEST_F(SettingsTest, AModelServerNeedsItsAddress) {
    for (const auto& [name, value, address] :
         std::vector<std::array<std::string, 3>>{{"ANTIPHON_LANGUAGE_MODEL_BACKEND", "ollama", "ollama.base_url"},
                                                 {"ANTIPHON_LANGUAGE_MODEL_BACKEND", "openai", "openai.base_url"},
                                                 {"ANTIPHON_EMBEDDER_BACKEND", "ollama", "ollama.base_url"}}) {
        const auto settings = read_environment({{name, value, ""}});
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().param, address);
        EXPECT_THAT(settings.error().text, HasSubstr(value + ", but " + address + " is not set"));
    }
    const auto settings = read_environment({{"ANTIPHON_LANGUAGE_MODEL_BACKEND", "openai", ""},
                                            {"ANTIPHON_OPENAI_BASE_URL", "http://host/v1", ""},
                                            {"ANTIPHON_LANGUAGE_MODEL_FALLBACK", "small, embedded", ""}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_THAT(settings->engines.language_model_fallback, ElementsAre("small", "embedded"));
}

TEST_F(SettingsTest, OurNameWinsOverTheGuides) {
    const auto settings = read_environment({{"ANTIPHON_MODELS_DIR", "/ours", ""}, {"HF_CACHE_DIR", "/guide", ""}});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->engines.models_dir, "/ours");
}

TEST_F(SettingsTest, EmptyVariablesCountAsNotSet) {
    const auto settings = read_environment({{"REDIS_PORT", "", ""}, {"HF_CACHE_DIR", "", ""}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->session_store.port, 6379);
}

TEST_F(SettingsTest, TheBackendThatSpeaksIsOneOfFour) {
    for (const char* backend : {"auto", "piper", "edge", "espeak"}) {
        const auto settings = read_environment({{"TTS_BACKEND", backend, ""}});
        ASSERT_TRUE(settings) << settings.error().text;
        EXPECT_EQ(settings->engines.synthesizer_backend, backend);
    }
    EXPECT_THAT(read_environment({{"TTS_BACKEND", "festival", ""}}).error().text,
                HasSubstr("must be one of auto, piper, edge, espeak"));
}

TEST_F(SettingsTest, AssignmentsNeedAnEqualsSignAndAKnownKey) {
    EXPECT_THAT(read_assignment("server.port").error().text, HasSubstr("is not KEY=VALUE"));
    EXPECT_THAT(read_assignment("server.prt=1").error().text, HasSubstr("did you mean server.port?"));
    const auto settings = read_assignment("server.allowed_origins= https://a.example ,https://b.example,");
    ASSERT_TRUE(settings);
    EXPECT_THAT(settings->edge.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
}

TEST_F(SettingsTest, DotenvKnowsQuotesCommentsAndExport) {
    const auto variables = parse_dotenv(
        "# a comment\r\n\n  A=1\nexport B = two words # more\nC='#raw \\n'\n"
        "D=\"line\\none \\\"x\\\" \\\\\" # end\nE=\nF=a#b\nG=x=y",
        ".env");
    ASSERT_TRUE(variables) << variables.error().text;
    std::vector<std::string> seen;
    for (const auto& v : *variables) seen.push_back(v.name + "=" + v.value);
    EXPECT_THAT(seen, ElementsAre("A=1", "B=two words", "C=#raw \\n", "D=line\none \"x\" \\", "E=", "F=a#b", "G=x=y"));
    EXPECT_EQ(variables->front().origin, ".env:3");
}

TEST_F(SettingsTest, DotenvFaultsNameTheLine) {
    for (const char* bad : {"A=1\nnonsense", "A=1\n=2", "A=1\n1B=2", "A=1\nB C=2", "A=1\nB=\"open", "A=1\nB='a'b"}) {
        const auto variables = parse_dotenv(bad, ".env");
        ASSERT_FALSE(variables) << bad;
        EXPECT_THAT(variables.error().text, HasSubstr(".env:2: ")) << bad;
    }
}

TEST_F(SettingsTest, NoDotenvFileIsNoFault) {
    const auto variables = read_dotenv(directory_ / ".env");
    ASSERT_TRUE(variables);
    EXPECT_TRUE(variables->empty());
    EXPECT_FALSE(read_dotenv(directory_));
}

TEST_F(SettingsTest, NamesInTheTableAreUniqueAndSectionsStandTogether) {
    std::set<std::string> names;
    std::set<std::string> sections;
    std::string section;
    for (const Setting& setting : settings_table()) {
        EXPECT_TRUE(names.insert(setting.key).second) << setting.key;
        EXPECT_TRUE(names.insert(setting.environment_name()).second) << setting.key;
        EXPECT_FALSE(setting.meaning.empty()) << setting.key;
        const auto own = setting.key.substr(0, setting.key.find('.'));
        if (own == section) continue;
        EXPECT_TRUE(sections.insert(own).second) << own << " is split";
        section = own;
    }
}

TEST_F(SettingsTest, EveryDefaultIsWithinItsOwnBounds) {
    const Settings defaults;
    for (const Setting& setting : settings_table()) {
        Settings other;
        const auto stored = setting.store(other, setting.load(defaults));
        EXPECT_TRUE(stored) << (stored ? "" : stored.error().text);
        EXPECT_EQ(setting.load(other), setting.load(defaults)) << setting.key;
    }
}

TEST_F(SettingsTest, EverySettingIsStoredInAPlaceOfItsOwn) {
    for (const Setting& setting : settings_table()) {
        const Settings defaults;
        Settings changed;
        Value value = setting.load(defaults);
        if (auto* flag = std::get_if<bool>(&value)) *flag = !*flag;
        if (auto* integer = std::get_if<std::int64_t>(&value)) *integer += setting.bounds.ends_with(" to " + std::to_string(*integer)) ? -1 : 1;
        if (auto* real = std::get_if<double>(&value)) *real = *real == 0.5 ? 0.25 : *real >= 1.0 ? 1.25 : 0.5;
        if (auto* list = std::get_if<std::vector<std::string>>(&value)) list->push_back("x");
        if (auto* text = std::get_if<std::string>(&value)) {
            const auto comma = setting.bounds.rfind(", ");
            *text = comma == std::string::npos ? *text + "x" : setting.bounds.substr(comma + 2);
        }
        ASSERT_TRUE(setting.store(changed, value)) << setting.key;
        for (const Setting& other : settings_table())
            EXPECT_EQ(other.load(changed), &other == &setting ? value : other.load(defaults))
                << setting.key << " against " << other.key;
    }
}

TEST_F(SettingsTest, IceIsCheckedWhereverItComesFrom) {
    const auto good = read_toml("[ice]\nstun_urls = [\"stun:stun.example.org:3478\"]\nturn_urls = [\"turn:turn.example.org\"]\n"
                                "turn_secret = \"0123456789abcdef0123\"\nturn_lifetime = 120\n");
    ASSERT_TRUE(good) << good.error().text;
    EXPECT_THAT(good->ice.stun_urls, ElementsAre("stun:stun.example.org:3478"));
    EXPECT_EQ(good->ice.turn_lifetime, std::chrono::seconds(120));
    EXPECT_FALSE(good->ice.public_relay);
    EXPECT_THAT(read_assignment("ice.stun_urls=http://x").error().text, HasSubstr("must begin with stun:"));
    EXPECT_THAT(read_assignment("ice.turn_urls=turn:x").error().text, HasSubstr("ice.turn_secret"));
    EXPECT_THAT(read_assignment("ice.turn_lifetime=301").error().text, HasSubstr("from 10 to 300"));
}

TEST_F(SettingsTest, TlsNeedsWhatItsModeNeeds) {
    EXPECT_EQ(read_assignment("server.tls=self_signed")->tls.mode, "self_signed");
    EXPECT_EQ(read_assignment("server.tls=files").error().param, "server.certificate");
    EXPECT_EQ(read_assignment("server.certificate=/c.pem").error().param, "server.tls");
    const auto files = read_toml("[server]\ntls = \"files\"\ncertificate = \"/c.pem\"\nprivate_key = \"/k.pem\"\n");
    ASSERT_TRUE(files) << files.error().text;
    EXPECT_EQ(files->tls.private_key, "/k.pem");
}

}  // namespace
}  // namespace antiphon::app
