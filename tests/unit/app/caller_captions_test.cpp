#include "app/caller_captions.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace antiphon::app {
namespace {

TEST(CallerCaptions, WordsOfOneSideShareALine) {
    std::ostringstream out;
    CallerCaptions captions(out);
    captions.line("you", " How are you? ");
    captions.grow("antiphon", " Fine,");
    captions.grow("antiphon", " thanks.");
    captions.end_line();
    captions.end_line();
    EXPECT_EQ(out.str(), "you: How are you?\nantiphon: Fine, thanks.\n");
}

TEST(CallerCaptions, TheOtherSideBeginsANewLine) {
    std::ostringstream out;
    CallerCaptions captions(out);
    captions.grow("antiphon", "Fine,");
    captions.line("you", "And");
    captions.grow("antiphon", " ");
    captions.grow("antiphon", " thanks.");
    captions.grow("you", "you?");
    captions.end_line();
    EXPECT_EQ(out.str(), "antiphon: Fine,\nyou: And\nantiphon: thanks.\nyou: you?\n");
}

TEST(CallerCaptions, AServerCannotDriveTheTerminal) {
    std::ostringstream out;
    CallerCaptions captions(out);
    captions.line("you",
                  "a\x1B[2Jb\nc\xC2\x9B"
                  "d\xFF");
    EXPECT_EQ(out.str(), "you: a [2Jb c d\xEF\xBF\xBD\n");
}

}  // namespace
}  // namespace antiphon::app
