#include "base/placeholder.hpp"

#include <gtest/gtest.h>

namespace antiphon::base {
namespace {

TEST(Placeholder, IsSeenInWhateverLettersItIsWritten) {
    for (const char* text : {"change-me", "CHANGE_ME", "changeme123", "your-secret-here", "<placeholder>", "Example"})
        EXPECT_TRUE(is_placeholder(text)) << text;
}

TEST(Placeholder, NoSecretIsOne) {
    for (const char* text : {"", "9f86d081884c7d659a2feaa0c55ad015", "change", "yours"})
        EXPECT_FALSE(is_placeholder(text)) << text;
}

}  // namespace
}  // namespace antiphon::base
