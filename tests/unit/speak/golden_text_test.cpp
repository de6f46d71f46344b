// What is written and what is to be spoken, line by line from tests/golden/speech: one file per language.
#include "source_folder.hpp"
#include "speak/text_for_speech.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace antiphon::speak {
namespace {

std::string with_line_ends(std::string text) {
    for (auto at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at + 1)) text.replace(at, 2, "\n");
    return text;
}

/// Checks all lines and answers how many there were.
int check(const std::string& name, const char* language) {
    const std::string path = "tests/golden/speech/" + name;
    std::ifstream file(ANTIPHON_SOURCE_DIR "/" + path);
    EXPECT_TRUE(file.is_open()) << path;
    int checked = 0;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line.starts_with("# ")) continue;
        const auto tab = line.find('\t');
        if (tab == std::string::npos) {
            ADD_FAILURE() << path << ":" << number << ": no tab in \"" << line << "\"";
            continue;
        }
        const std::string written = line.substr(0, tab);
        EXPECT_EQ(text_for_speech(with_line_ends(written), language), line.substr(tab + 1))
            << path << ":" << number << ": " << written;
        ++checked;
    }
    return checked;
}

TEST(GoldenText, english) { EXPECT_GE(check("en.tsv", "en-US"), 300); }
TEST(GoldenText, german) { EXPECT_GE(check("de.tsv", "de"), 80); }
TEST(GoldenText, swedish) { EXPECT_GE(check("sv.tsv", "sv"), 80); }
TEST(GoldenText, languages_without_a_reader) { EXPECT_GE(check("other.tsv", "fr"), 10); }

}  // namespace
}  // namespace antiphon::speak
