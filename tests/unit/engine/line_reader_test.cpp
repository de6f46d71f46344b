#include "engine/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace antiphon::engine {
namespace {

using testing::ElementsAre;

struct LineReaderTest : testing::Test {
    LineReader reader{8};
    std::vector<std::string> lines;
    LineReader::Taker take = [this](std::string_view line) -> base::Result<bool> {
        lines.emplace_back(line);
        return line != "stop";
    };
};

TEST_F(LineReaderTest, LinesAreTheSameHoweverTheyAreCut) {
    const std::string text = "one\r\ntwo\n\n\r\nthree\nrest";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        lines.clear();
        LineReader fresh(8);
        for (std::size_t at = 0; at < text.size(); at += step)
            ASSERT_TRUE(fresh.push(std::string_view(text).substr(at, step), take));
        EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
        ASSERT_TRUE(fresh.finish(take));
        EXPECT_THAT(lines, ElementsAre("one", "two", "three", "rest"));
    }
}

TEST_F(LineReaderTest, ALineThatIsTooLongIsAFailure) {
    ASSERT_TRUE(reader.push("12345678\n1234567", take));
    const auto result = reader.push("89", take);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::engine);
    EXPECT_THAT(lines, ElementsAre("12345678"));
}

TEST_F(LineReaderTest, StopsWhenNoMoreAreWanted) {
    const auto result = reader.push("a\nstop\nb\n", take);
    ASSERT_TRUE(result);
    EXPECT_FALSE(*result);
    EXPECT_THAT(lines, ElementsAre("a", "stop"));
}

TEST_F(LineReaderTest, GivesOnWhatTheTakerFailsWith) {
    const auto result = reader.push("a\n", [](std::string_view) { return base::error(base::Errc::cancelled, "enough"); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::cancelled);
}

}  // namespace
}  // namespace antiphon::engine
