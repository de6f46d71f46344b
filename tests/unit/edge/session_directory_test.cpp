#include "edge/session_directory.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::edge {
namespace {

TEST(SessionDirectory, an_entry_gives_itself_back) {
    const auto directory = SessionDirectory::make();
    std::optional<DirectoryEntry> entry = directory->add("rtc_1", {});
    ASSERT_TRUE(*entry);
    const DirectoryEntry copy = *entry;
    EXPECT_EQ(directory->size(), 1U);
    entry.reset();
    EXPECT_EQ(directory->size(), 1U) << "the copy holds it";
    EXPECT_EQ(directory->find("rtc_1"), nullptr) << "the session itself is gone";
    EXPECT_EQ(directory->find("rtc_2"), nullptr);
}

TEST(SessionDirectory, is_bounded_and_takes_a_name_once) {
    const auto directory = SessionDirectory::make(2);
    auto one = directory->add("a", {});
    EXPECT_FALSE(directory->add("a", {}));
    const auto two = directory->add("b", {});
    EXPECT_FALSE(directory->add("c", {}));
    EXPECT_EQ(directory->size(), 2U);
    one.reset();
    EXPECT_TRUE(directory->add("c", {}));
    EXPECT_EQ(directory->size(), 1U) << "which was let go of at once";
}

TEST(SessionDirectory, is_safe_from_many_threads_and_outlives_its_last_owner) {
    auto directory = SessionDirectory::make(10'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&directory, t] {
            for (int i = 0; i < 1000; ++i) {
                const auto entry = directory->add(std::to_string(t) + "_" + std::to_string(i), {});
                EXPECT_TRUE(entry);
                EXPECT_EQ(directory->find("0_0"), nullptr);
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(directory->size(), 0U);
    const auto entry = directory->add("last", {});
    directory.reset();  // the entry keeps what it needs
}

}  // namespace
}  // namespace antiphon::edge
