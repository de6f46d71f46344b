#include "engine/clauses.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine {
namespace {

/// "text|mark" of each clause; "-" for none.
std::vector<std::string> clauses_of(std::string_view text) {
    std::vector<std::string> all;
    for (const Clause& clause : split_clauses(text))
        all.push_back(clause.text + "|" + (clause.mark == 0 ? '-' : static_cast<char>(clause.mark)));
    return all;
}
using Strings = std::vector<std::string>;

TEST(Clauses, CutsAtEachMark) {
    EXPECT_EQ(clauses_of("Yes, I know; really: why? Go! Now."),
              (Strings{"Yes|,", "I know|;", "really|:", "why|?", "Go|!", "Now|."}));
    EXPECT_EQ(clauses_of("no mark at the end"), (Strings{"no mark at the end|-"}));
}

TEST(Clauses, KeepsNumbersTimesAndNamesWhole) {
    EXPECT_EQ(clauses_of("At 10:30, 1,200 people paid 3.5 to example.com."),
              (Strings{"At 10:30|,", "1,200 people paid 3.5 to example.com|."}));
    EXPECT_EQ(clauses_of("J. Smith lives here."), (Strings{"J. Smith lives here|."}));
    EXPECT_EQ(clauses_of("It is approx. five."), (Strings{"It is approx. five|."}));
    EXPECT_EQ(clauses_of("So am I. You too."), (Strings{"So am I|.", "You too|."}));
}

TEST(Clauses, QuotesAndBracketsStayBehindTheMark) {
    EXPECT_EQ(clauses_of("He said \"go!\" and went."), (Strings{"He said \"go|!", "\" and went|."}));
    EXPECT_EQ(clauses_of("“Why?” she asked."), (Strings{"“Why|?", "” she asked|."}));
}

TEST(Clauses, TheStrongestOfSeveralMarksCounts) {
    EXPECT_EQ(clauses_of("Really?! Wait..."), (Strings{"Really|?", "Wait|."}));
    EXPECT_EQ(clauses_of("Really, ?"), (Strings{"Really|?"}));
}

TEST(Clauses, OtherScriptsAndDashes) {
    EXPECT_EQ(clauses_of("你好，世界。好吗？"), (Strings{"你好|,", "世界|.", "好吗|?"}));
    EXPECT_EQ(clauses_of("नमस्ते। ठीक"), (Strings{"नमस्ते|.", "ठीक|-"}));
    EXPECT_EQ(clauses_of("كيف حالك؟"), (Strings{"كيف حالك|?"}));
    EXPECT_EQ(clauses_of("one — two – three - four-five"), (Strings{"one|,", "two|,", "three|,", "four-five|-"}));
}

TEST(Clauses, NothingToSay) {
    for (const char* text : {"", "  \n", "...", "?!", "—", "\"'", "。", "🙂"})
        EXPECT_TRUE(split_clauses(text).empty()) << text;
}

}  // namespace
}  // namespace antiphon::engine
