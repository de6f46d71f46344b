#include "app/settings_text.hpp"

#include "app/settings_sources.hpp"
#include "app/settings_table.hpp"
#include "source_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

namespace antiphon::app {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kRoot = ANTIPHON_SOURCE_DIR;

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    EXPECT_TRUE(in.is_open()) << file;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

base::Result<Settings> read_back(const std::string& toml) {
    std::string name = ::testing::TempDir() + "antiphon-toml-XXXXXX";
    const int descriptor = mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    std::ofstream(name) << toml;
    auto settings = read_settings({.file = name, .environment = {}, .assignments = {}});
    std::filesystem::remove(name);
    return settings;
}

TEST(SettingsText, WhatIsPrintedCanBeReadBack) {
    Settings settings;
    settings.edge.port = 1234;
    settings.edge.allowed_origins = {"https://a.example", "quote \" here"};
    settings.session.instructions = "Two\nlines, a \"quote\", a \\ and \x01.";
    settings.turn.threshold = 0.1F;
    settings.call.speculate = false;
    const auto read = read_back(to_toml(settings, false));
    ASSERT_TRUE(read) << read.error().text;
    for (const Setting& setting : settings_table())
        EXPECT_EQ(setting.load(*read), setting.load(settings)) << setting.key;
    EXPECT_THAT(to_toml(settings, false), HasSubstr("threshold = 0.1\n"));
}

TEST(SettingsText, ASecretIsNotPrinted) {
    Settings settings;
    settings.ice.turn_secret = "0123456789abcdef0123";
    const auto printed = to_toml(settings, false);
    EXPECT_THAT(printed, ::testing::Not(HasSubstr("0123456789abcdef")));
    EXPECT_THAT(printed, HasSubstr("# turn_secret is set, and not shown"));
}

TEST(SettingsText, TheExampleChangesNothingAndIsUpToDate) {
    const auto example = contents(kRoot / "antiphon.example.toml");
    EXPECT_EQ(example, to_toml(Settings(), true)) << "write it anew: antiphon serve --print-settings-example";
    ASSERT_TRUE(read_back(example));
    // With every # before a key taken away it still reads, as the defaults.
    const auto live = std::regex_replace(example, std::regex("#([a-z_]+ = )"), "$1");
    const auto read = read_back(live);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(to_toml(*read, false), to_toml(Settings(), false));
}

TEST(SettingsText, ThePageIsUpToDate) {
    EXPECT_EQ(contents(kRoot / "docs/configuration.md"), settings_page())
        << "write it anew: antiphon serve --print-settings-help > docs/configuration.md";
}

}  // namespace
}  // namespace antiphon::app
