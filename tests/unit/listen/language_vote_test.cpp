#include "listen/language_vote.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace antiphon::listen {
namespace {

using base::milliseconds;
using Candidates = std::vector<LanguageVote::Candidate>;

class LanguageVoteTest : public ::testing::Test {
protected:
    bool hear(const std::string& language, float confidence, milliseconds speech = milliseconds(2000)) {
        return vote.hear(Candidates{{language, confidence}}, speech);
    }
    void decide(const std::string& language) { ASSERT_TRUE(hear(language, 0.95F)); }

    LanguageVote vote{LanguageVoteSettings{}};
};

TEST_F(LanguageVoteTest, IsUndecidedWithoutFindings) {
    EXPECT_EQ(vote.language(), "");
    EXPECT_EQ(vote.confidence(), 0.0F);
    EXPECT_FALSE(vote.hear({}, milliseconds(5000)));
    EXPECT_EQ(vote.language(), "");
    EXPECT_FALSE(vote.doubted());
}

TEST_F(LanguageVoteTest, TheFirstSureFindingDecides) {
    EXPECT_TRUE(hear("de", 0.8F));
    EXPECT_EQ(vote.language(), "de");
    EXPECT_FLOAT_EQ(vote.confidence(), 0.8F);
    EXPECT_FALSE(vote.switched());
}

TEST_F(LanguageVoteTest, AShortOrDoubtfulOneDoesNot) {
    EXPECT_FALSE(hear("de", 0.95F, milliseconds(999)));
    EXPECT_FALSE(hear("sv", 0.69F));
    EXPECT_EQ(vote.language(), "");
}

TEST_F(LanguageVoteTest, TwoThatAgreeDecide) {
    EXPECT_FALSE(hear("de", 0.55F));
    EXPECT_TRUE(hear("de", 0.6F, milliseconds(600)));
    EXPECT_EQ(vote.language(), "de");
}

TEST_F(LanguageVoteTest, WhatIsUnlikelyOrRestsOnNothingDoesNotCount) {
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(hear("de", 0.49F, milliseconds(5000)));
        EXPECT_FALSE(hear("de", 0.99F, milliseconds(499)));
        EXPECT_FALSE(hear("", 0.99F));
        EXPECT_FALSE(hear("de", std::numeric_limits<float>::quiet_NaN()));
        EXPECT_FALSE(hear("de", -1.0F));
    }
    EXPECT_EQ(vote.language(), "");
}

TEST_F(LanguageVoteTest, OneFindingOfAnotherLanguageRaisesDoubtOnly) {
    decide("en");
    EXPECT_FALSE(hear("cy", 0.99F, milliseconds(1999)));
    EXPECT_EQ(vote.language(), "en");
    EXPECT_TRUE(vote.doubted());
    EXPECT_FALSE(hear("en", 0.8F));
    EXPECT_FALSE(vote.doubted());
    EXPECT_TRUE(vote.agreed());
    EXPECT_FALSE(hear("en", 0.4F)) << "counts for nothing";
    EXPECT_FALSE(vote.agreed());
    EXPECT_FALSE(hear("cy", 0.99F, milliseconds(1999))) << "the doubt before was settled";
    EXPECT_EQ(vote.language(), "en");
}

TEST_F(LanguageVoteTest, TwoInARowSwitch) {
    decide("en");
    EXPECT_FALSE(hear("de", 0.6F));
    EXPECT_TRUE(hear("de", 0.75F));
    EXPECT_EQ(vote.language(), "de");
    EXPECT_FLOAT_EQ(vote.confidence(), 0.75F);
    EXPECT_TRUE(vote.switched());
    EXPECT_FALSE(vote.doubted());
}

TEST_F(LanguageVoteTest, TwoDoubtfulOnesDoNotSwitchButAThirdSureOneDoes) {
    decide("en");
    EXPECT_FALSE(hear("de", 0.55F));
    EXPECT_FALSE(hear("de", 0.65F));
    EXPECT_TRUE(vote.doubted());
    EXPECT_TRUE(hear("de", 0.7F));
}

TEST_F(LanguageVoteTest, RivalsThatTakeTurnsDoNotSwitch) {
    decide("en");
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(hear("no", 0.85F, milliseconds(1500)));
        EXPECT_FALSE(hear("da", 0.85F, milliseconds(1500)));
    }
    EXPECT_EQ(vote.language(), "en");
}

TEST_F(LanguageVoteTest, ALongAndVerySureOneSwitchesAlone) {
    decide("en");
    EXPECT_TRUE(hear("de", 0.8F, milliseconds(2000)));
    EXPECT_EQ(vote.language(), "de");
}

TEST_F(LanguageVoteTest, AFixedLanguageWinsAlways) {
    decide("en");
    vote.fix("pt-BR");
    EXPECT_EQ(vote.language(), "pt-BR");
    EXPECT_EQ(vote.confidence(), 1.0F);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(hear("de", 0.99F, milliseconds(9000)));
    EXPECT_EQ(vote.language(), "pt-BR");
    EXPECT_FALSE(vote.doubted());
    vote.fix("");
    EXPECT_EQ(vote.language(), "de") << "what was found meanwhile";
}

TEST(LanguageVote, OnlyAllowedLanguagesAreDecided) {
    LanguageVoteSettings settings;
    settings.allowed = {"sv", "en"};
    LanguageVote vote(settings);
    EXPECT_FALSE(vote.hear(Candidates{{"no", 0.98F}}, milliseconds(4000)));
    // Norwegian is out of the question, so it is Swedish four times out of five.
    EXPECT_TRUE(vote.hear(Candidates{{"no", 0.9F}, {"sv", 0.08F}, {"en", 0.02F}}, milliseconds(2000)));
    EXPECT_EQ(vote.language(), "sv");
    EXPECT_NEAR(vote.confidence(), 0.8F, 0.001F);
}

TEST(LanguageVote, TakesCandidatesInAnyOrderAndBeyondOne) {
    LanguageVote vote{LanguageVoteSettings{}};
    EXPECT_TRUE(vote.hear(Candidates{{"en", 0.1F}, {"de", 7.0F}, {"fr", 0.2F}}, milliseconds(2000)));
    EXPECT_EQ(vote.language(), "de");
    EXPECT_EQ(vote.confidence(), 1.0F);
}

// Whatever comes: the language changes only when hear() says so, and one finding in any run of others never flips it.
TEST(LanguageVote, ASingleShortFindingNeverFlipsWhateverCameBefore) {
    std::mt19937 random(11);
    const std::vector<std::string> languages{"en", "de", "fr", ""};
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    for (int round = 0; round < 2000; ++round) {
        LanguageVote vote{LanguageVoteSettings{}};
        for (int i = 0; i < 20; ++i) {
            const std::string before = vote.language();
            const auto& language = languages[static_cast<std::size_t>(pick(4))];
            const bool changed = vote.hear(Candidates{{language, static_cast<float>(pick(101)) / 100.0F}},
                                           milliseconds(pick(5000)));
            EXPECT_EQ(changed, vote.language() != before);
            if (changed) {
                EXPECT_EQ(vote.language(), language);
                EXPECT_GE(vote.confidence(), 0.5F);
            }
        }
        const std::string held = vote.language();
        if (held.empty()) continue;
        vote.hear(Candidates{{held, 0.9F}}, milliseconds(1000));
        EXPECT_FALSE(vote.hear(Candidates{{held == "it" ? "es" : "it", 1.0F}}, milliseconds(1900)));
        EXPECT_EQ(vote.language(), held);
    }
}

}  // namespace
}  // namespace antiphon::listen
