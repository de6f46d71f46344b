#include "app/access_rules.hpp"

#include "app/keys_file.hpp"
#include "app/settings_sources.hpp"
#include "fakes/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AccessRulesTest : public ::testing::Test {
protected:
    fakes::ScratchFolder folder;
    std::filesystem::path file = folder.path() / "keys.toml";
    Settings settings;
    void SetUp() override { settings.access.keys_file = file.string(); }
    edge::AccessRules rules() {
        auto read = access_rules_of(settings.access);
        EXPECT_TRUE(read) << read.error().text;
        return read ? std::move(*read) : edge::AccessRules();
    }
};

TEST_F(AccessRulesTest, KeysComeFromTheFileAndFromTheSettings) {
    const std::string filed = *add_key(file, "filed", {});
    const std::string set = edge::make_access_key();
    settings.access.key_hashes = {"set=" + edge::in_hex(edge::hash_of_key(set))};
    const auto both = rules();
    EXPECT_TRUE(both.keys_needed);
    EXPECT_EQ(both.keys.name_of(filed), "filed");
    EXPECT_EQ(both.keys.name_of(set), "set");
    settings.access.key_hashes = {"filed=" + edge::in_hex(edge::hash_of_key(set))};
    EXPECT_THAT(access_rules_of(settings.access).error().text, HasSubstr("filed stands in"));
}

TEST_F(AccessRulesTest, AFileWithoutAKeyLetsNobodyIn) {
    ASSERT_TRUE(add_key(file, "one", {}));
    ASSERT_TRUE(remove_key(file, "one"));
    EXPECT_TRUE(rules().keys_needed);
    EXPECT_EQ(rules().keys.size(), 0U);
}

TEST_F(AccessRulesTest, AFileThatIsNamedMustBeThere) {
    EXPECT_EQ(access_rules_of(settings.access).error().code, base::Errc::not_found);
    settings.access.keys_file.clear();
    ::setenv("XDG_CONFIG_HOME", folder.path().c_str(), 1);
    EXPECT_FALSE(rules().keys_needed);
    const std::string key = *add_key(default_keys_file(), "mine", {});
    EXPECT_EQ(rules().keys.name_of(key), "mine");
    ::unsetenv("XDG_CONFIG_HOME");
}

TEST_F(AccessRulesTest, WhatIsWrongIsSaid) {
    const auto fault = [&](std::vector<std::string> hashes, std::vector<std::string> proxies) {
        AccessSettings access;
        access.key_hashes = std::move(hashes);
        access.trusted_proxies = std::move(proxies);
        const auto checked = check(access);
        EXPECT_FALSE(checked);
        return checked ? std::string() : checked.error().text;
    };
    const std::string hash(64, 'a');
    EXPECT_THAT(fault({hash}, {}), HasSubstr("NAME=SHA256"));
    EXPECT_THAT(fault({"a b=" + hash}, {}), HasSubstr("NAME=SHA256"));
    EXPECT_THAT(fault({"a=" + hash.substr(1)}, {}), HasSubstr("64 hexadecimal digits"));
    EXPECT_THAT(fault({"a=" + hash, "a=" + hash}, {}), HasSubstr("two of that name"));
    EXPECT_THAT(fault({}, {"10.0.0.0/8", "proxy"}), AllOf(HasSubstr("access.trusted_proxies"), HasSubstr("proxy")));
    const auto read = read_settings({.file = {}, .environment = {}, .assignments = {"access.trusted_proxies=nowhere"}});
    EXPECT_FALSE(read) << "also when only the settings are checked";
}

TEST_F(AccessRulesTest, AnOpenServerIsMeant) {
    const auto refused = [&](const std::string& host) {
        settings.edge.host = host;
        return !check_exposure(settings, edge::AccessRules());
    };
    for (const char* alone : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "no-such-host.invalid"}) EXPECT_FALSE(refused(alone)) << alone;
    for (const char* reached : {"0.0.0.0", "::", "192.0.2.1", "10.0.0.1"}) EXPECT_TRUE(refused(reached)) << reached;
    settings.edge.host = "0.0.0.0";
    EXPECT_THAT(check_exposure(settings, {}).error().text,
                AllOf(HasSubstr("0.0.0.0"), HasSubstr("antiphon keys add"), HasSubstr("--open")));
    edge::AccessRules keyed;
    keyed.keys_needed = true;
    EXPECT_TRUE(check_exposure(settings, keyed));
    settings.access.open = true;
    EXPECT_TRUE(check_exposure(settings, {}));
}

}  // namespace
}  // namespace antiphon::app
