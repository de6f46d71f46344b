#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace antiphon::base {
namespace {

Result<std::string> greet(bool well) {
    if (!well) return error(Errc::unavailable, "nobody there", "name");
    return std::string("hello");
}

TEST(Result, CarriesAValue) {
    auto result = greet(true);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(*result, "hello");
    EXPECT_EQ(result->size(), 5U);
    *result += "!";
    EXPECT_EQ(result.value(), "hello!");
}

TEST(Result, CarriesAnError) {
    const auto result = greet(false);
    ASSERT_FALSE(result);
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::unavailable);
    EXPECT_EQ(result.error().text, "nobody there");
    EXPECT_EQ(result.error().param, "name");
}

TEST(Result, MovesWhatCannotBeCopied) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
    const std::unique_ptr<int> taken = *std::move(result);
    EXPECT_EQ(*taken, 7);
}

TEST(Result, NothingMayBeTheValue) {
    const Result<void> good;
    EXPECT_TRUE(good);
    const Result<void> bad = error(Errc::conflict, "not now");
    ASSERT_FALSE(bad);
    EXPECT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().code, Errc::conflict);
}

TEST(Result, EveryCodeHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (const Errc code : {Errc::cancelled, Errc::invalid, Errc::unsupported, Errc::not_found, Errc::conflict,
                            Errc::overloaded, Errc::unavailable, Errc::engine}) {
        EXPECT_NE(name_of(code), "unknown");
        EXPECT_TRUE(names.insert(name_of(code)).second) << name_of(code);
    }
}

}  // namespace
}  // namespace antiphon::base
