#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace antiphon::base::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class LogTest : public testing::Test {
protected:
    ~LogTest() override { set_level(Level::info); }

    template <typename Write>
    static std::string written_by(Write write_it) {
        testing::internal::CaptureStderr();
        write_it();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(LogTest, OneLineWithTimeLevelEventAndFields) {
    const std::string line = written_by([] {
        info("turn.committed", {{"call", "sess_1"}, {"turn", 3}, {"share", 0.5}});
    });
    EXPECT_THAT(line, HasSubstr(" info turn.committed call=sess_1 turn=3 share=0.5"));
    EXPECT_THAT(line, EndsWith("\n"));
    EXPECT_THAT(line, testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9.]+[+-][0-9]+:[0-9]+ .*\n"));
}

TEST_F(LogTest, AValueCannotForgeALine) {
    const std::string line = written_by([] { info("event", {{"name", "a\nb\rc"}, {"next", "x"}}); });
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_EQ(std::ranges::count(line, '\r'), 0);
    EXPECT_THAT(line, HasSubstr(R"(name="a\nb\rc" next=x)"));
}

TEST_F(LogTest, AValueCannotDriveATerminal) {
    const std::string line = written_by([] { info("event", {{"name", std::string("a\x1B[2J\x07\0z", 8)}}); });
    EXPECT_TRUE(std::ranges::none_of(line, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7F; }))
        << line;
    EXPECT_THAT(line, HasSubstr(R"(name="a\x1b[2J\x07\x00z")"));
}

TEST_F(LogTest, QuotesWhatWouldBeReadWrongly) {
    EXPECT_THAT(written_by([] { info("e", {{"k", "two words"}}); }), HasSubstr("k=\"two words\""));
    EXPECT_THAT(written_by([] { info("e", {{"k", "a=b"}}); }), HasSubstr("k=\"a=b\""));
    EXPECT_THAT(written_by([] { info("e", {{"k", "say \"no\" \\ yes"}}); }), HasSubstr(R"(k="say \"no\" \\ yes")"));
    EXPECT_THAT(written_by([] { info("e", {{"k", "{} %s {0}"}}); }), HasSubstr("k=\"{} %s {0}\""));
}

TEST_F(LogTest, AnEmptyValueIsADash) {
    EXPECT_THAT(written_by([] { info("e", {{"agent", ""}, {"next", "x"}}); }), HasSubstr("agent=- next=x"));
}

TEST_F(LogTest, DropsWhatIsBelowItsLevel) {
    EXPECT_EQ(written_by([] { debug("hidden"); }), "");
    set_level(Level::error);
    EXPECT_EQ(written_by([] { warning("hidden"); }), "");
    EXPECT_THAT(written_by([] { error("shown"); }), HasSubstr(" error shown\n"));
    EXPECT_TRUE(set_level("debug"));
    EXPECT_THAT(written_by([] { debug("shown"); }), HasSubstr(" debug shown\n"));
    EXPECT_TRUE(set_level("warning"));
    EXPECT_FALSE(set_level("loud"));
    EXPECT_EQ(written_by([] { info("hidden"); }), "") << "a wrong name changes nothing";
}

}  // namespace
}  // namespace antiphon::base::log
