#include "engine/language_tag.hpp"

#include <gtest/gtest.h>

namespace antiphon::engine {
namespace {

TEST(LanguageTag, AVoiceSpeaksItsOwnLanguageInAnyForm) {
    for (const char* wanted : {"", "en", "EN", "en-US", "en_GB", "en-Latn-US"})
        EXPECT_TRUE(speaks("en-US", wanted)) << wanted;
    for (const char* wanted : {"sv", "e", "eng", "-en"}) EXPECT_FALSE(speaks("en-US", wanted)) << wanted;
    EXPECT_TRUE(speaks("no-NO", "nb"));
    EXPECT_TRUE(speaks("zh-CN", "cmn"));
}

TEST(LanguageTag, ThePrimaryLanguageIsWrittenInOneWay) {
    EXPECT_EQ(primary_language("sv"), "sv");
    EXPECT_EQ(primary_language("pt_BR"), "pt");
    EXPECT_EQ(primary_language("ZH-Hans-CN"), "zh");
    EXPECT_EQ(primary_language("nn-NO"), "no");
    EXPECT_EQ(primary_language(""), "");
}

}  // namespace
}  // namespace antiphon::engine
