#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace antiphon::base {
namespace {

TEST(Ids, ARandomIdHasItsPrefixAndTwentyFourCharacters) {
    const std::string id = random_id("resp_");
    ASSERT_EQ(id.size(), 29U);
    EXPECT_TRUE(id.starts_with("resp_"));
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz", 5), std::string::npos) << id;
}

TEST(Ids, NoTwoAreAlikeAndEveryCharacterIsEquallyLikely) {
    std::set<std::string> seen;
    std::map<char, int> counts;
    constexpr int kIds = 10'000;
    for (int i = 0; i < kIds; ++i) {
        const std::string id = random_id("");
        for (const char c : id) ++counts[c];
        EXPECT_TRUE(seen.insert(id).second);
    }
    ASSERT_EQ(counts.size(), 36U);
    constexpr double kExpected = kIds * 24.0 / 36.0;
    // Six standard deviations; taking a byte modulo 36 makes the first four characters 14 % more likely.
    for (const auto& [c, count] : counts) EXPECT_NEAR(count, kExpected, 6.0 * 81.0) << c;
}

TEST(Ids, TurnsCountUp) {
    TurnId turn{};
    EXPECT_EQ(number(turn), 0U);
    EXPECT_LT(turn, next(turn));
    EXPECT_EQ(number(next(next(turn))), 2U);
}

TEST(Ids, secrets_are_equal_or_not) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secret1"));
    EXPECT_FALSE(equal_in_constant_time("secret", ""));
}

}  // namespace
}  // namespace antiphon::base
