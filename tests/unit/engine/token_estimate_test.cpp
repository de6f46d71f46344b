#include "engine/token_estimate.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine {
namespace {

TEST(TokenEstimate, CountsWordsDigitsAndMarks) {
    EXPECT_EQ(estimate_tokens(""), 0U);
    EXPECT_EQ(estimate_tokens("   "), 0U);
    EXPECT_EQ(estimate_tokens("Hello there"), 2U);
    EXPECT_EQ(estimate_tokens("international"), 3U);
    EXPECT_EQ(estimate_tokens("It costs 1234567 euros."), 7U);
    EXPECT_EQ(estimate_tokens("日本語"), 3U);
}

TEST(TokenEstimate, ARequestIsMoreThanItsWords) {
    GenerationRequest request;
    request.messages = {{Role::system, "Be kind."}, {Role::user, "Hello there"}};
    const auto plain = estimate_tokens(request);
    EXPECT_GT(plain, estimate_tokens("Be kind.") + estimate_tokens("Hello there"));
    request.tools = {{"get_time", "Tells the time.", "{}"}};
    EXPECT_GT(estimate_tokens(request), plain + 8);
}

}  // namespace
}  // namespace antiphon::engine
