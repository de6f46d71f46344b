#include "app/keys_file.hpp"

#include "fakes/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace antiphon::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const auto kDay = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(KeysFile, KeepsTheHashAndNotTheKey) {
    const fakes::ScratchFolder folder;
    const auto file = folder.path() / "deep" / "keys.toml";
    const auto key = add_key(file, "shop", kDay);
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_THAT(*key, StartsWith("ak_"));
    EXPECT_THAT(contents(file), Not(HasSubstr(key->substr(3))));
    EXPECT_THAT(contents(file), HasSubstr(edge::in_hex(edge::hash_of_key(*key))));
    struct ::stat about {};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    const auto keys = read_keys_file(file);
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(keys->size(), 1U);
    EXPECT_EQ(keys->front().key.name, "shop");
    EXPECT_EQ(keys->front().key.hash, edge::hash_of_key(*key));
    EXPECT_EQ(keys->front().created, "2026-11-23");
}

TEST(KeysFile, AddsAndRemovesOneByOne) {
    const fakes::ScratchFolder folder;
    const auto file = folder.path() / "keys.toml";
    EXPECT_EQ(remove_key(file, "one").error().code, base::Errc::not_found);
    const auto one = add_key(file, "one", kDay);
    const auto two = add_key(file, "two.B-2_x", kDay);
    ASSERT_TRUE(one && two);
    EXPECT_NE(*one, *two);
    EXPECT_EQ(add_key(file, "one", kDay).error().code, base::Errc::conflict);
    EXPECT_EQ(remove_key(file, "three").error().code, base::Errc::not_found);
    EXPECT_EQ(*remove_key(file, "one"), 1U);
    EXPECT_EQ(read_keys_file(file)->front().key.name, "two.B-2_x");
    EXPECT_EQ(*remove_key(file, "two.B-2_x"), 0U);
    EXPECT_TRUE(read_keys_file(file)->empty()) << "the file stays: a server that had keys is not open without them";
    std::size_t left = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left += entry.path() == file ? 0 : 1;
    EXPECT_EQ(left, 0U) << "nothing else is left lying about";
}

TEST(KeysFile, RefusesNamesThatAreNone) {
    const fakes::ScratchFolder folder;
    for (const std::string& name : {std::string(), std::string("a b"), std::string("a\"b"), std::string("-a"), std::string("ä"),
                                   std::string("a\nb"), std::string("a=b"), std::string(65, 'a')})
        EXPECT_EQ(add_key(folder.path() / "keys.toml", name, kDay).error().code, base::Errc::invalid) << name;
    EXPECT_TRUE(is_key_name(std::string(64, 'a')));
}

TEST(KeysFile, SaysWhereItIsWrong) {
    const fakes::ScratchFolder folder;
    const std::string hash(64, 'a');
    const auto fault = [&](const std::string& text) {
        const auto keys = read_keys_file(folder.write("keys.toml", text));
        EXPECT_FALSE(keys) << text;
        return keys ? std::string() : keys.error().text;
    };
    EXPECT_THAT(fault("[[keys]\n"), HasSubstr("keys.toml:1"));
    EXPECT_THAT(fault("[[keys]]\nname = \"a\"\n"), HasSubstr("the key a has no sha256"));
    EXPECT_THAT(fault("[[keys]]\nsha256 = \"" + hash + "\"\n"), HasSubstr("without a name"));
    EXPECT_THAT(fault("keys = [1]\n"), HasSubstr("no key"));
    EXPECT_THAT(fault("kees = []\n"), HasSubstr("nothing called kees"));
    const std::string one = "[[keys]]\nname = \"a\"\nsha256 = \"" + hash + "\"\n";
    EXPECT_THAT(fault(one + one), HasSubstr("two keys a"));
    const auto file = folder.write("open.toml", one);
    ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
    EXPECT_THAT(read_keys_file(file).error().text, HasSubstr("chmod 600"));
    EXPECT_EQ(read_keys_file(folder.path() / "none").error().code, base::Errc::not_found);
    EXPECT_FALSE(read_keys_file(folder.path()));
}

TEST(KeysFile, ManyAtOnceLoseNothing) {
    const fakes::ScratchFolder folder;
    const auto file = folder.path() / "keys.toml";
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&, i] {
                for (int n = 0; n < 5; ++n) EXPECT_TRUE(add_key(file, "k" + std::to_string(i) + "-" + std::to_string(n), kDay));
            });
    }
    EXPECT_EQ(read_keys_file(file)->size(), 40U);
}

}  // namespace
}  // namespace antiphon::app
