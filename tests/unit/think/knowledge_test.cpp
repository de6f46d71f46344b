#include "think/knowledge.hpp"

#include "fakes/fake_embedder.hpp"
#include "fakes/fake_language_model.hpp"
#include "fakes/scratch_folder.hpp"
#include "store/passage_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::think {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class NoWorkers final : public base::Workers {
public:
    base::Result<void> submit(Job) override { return {}; }
};

class KnowledgeTest : public ::testing::Test {
protected:
    KnowledgeTest() {
        store::Passages passages{"letters", {}, {}};
        for (const char* text : {"zzz zzz", "aaa bbb", "eee"}) {
            passages.texts.push_back({"d.md", "D", "", text});
            passages.vectors.push_back(embedder_.embed({text}, {})->vectors.front());
        }
        EXPECT_TRUE(store::save_passages(**store::PassageIndex::build(std::move(passages)), folder_.path() / "house"));
    }
    base::Result<std::vector<store::FoundPassage>> find(const std::string& question, const std::string& collection = "house") {
        return find_passages(knowledge_, collection, question, settings_, {});
    }

    fakes::ScratchFolder folder_;
    fakes::FakeEmbedder embedder_;
    store::KnowledgeShelf shelf_{folder_.path()};
    NoWorkers workers_;
    Knowledge knowledge_{embedder_, "letters", shelf_, workers_};
    KnowledgeSettings settings_;
};

TEST_F(KnowledgeTest, OnlyWhatIsNearEnoughIsFound) {
    const auto found = find("zzzz");
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().passage.text, "zzz zzz");
    settings_.threshold = 1.0F;
    EXPECT_TRUE(find("zzzz yy")->empty());
    settings_.threshold = 0.0F;
    settings_.passages = 2;
    EXPECT_EQ(find("zzzz")->size(), 2U);
}

TEST_F(KnowledgeTest, OfALongQuestionTheEndCounts) {
    const auto found = find("¿" + std::string(5000, 'a') + std::string(700, 'z'));
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_FALSE(found->empty());
    EXPECT_EQ(found->front().passage.text, "zzz zzz");
    std::string wide;
    for (int i = 0; i < 1000; ++i) wide += "ö";
    EXPECT_TRUE(find(wide + "x")) << "it was cut within a character";
    EXPECT_TRUE(find(" \n ")->empty());
}

TEST_F(KnowledgeTest, FaultsAreSaidInWords) {
    EXPECT_EQ(find("z", "other").error().code, base::Errc::not_found);
    EXPECT_EQ(find("z", "../house").error().code, base::Errc::invalid);
    knowledge_.embedder_name = "words";
    const auto found = find("z");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, base::Errc::unsupported);
    EXPECT_THAT(found.error().text, HasSubstr("made with the embedder letters"));
    EXPECT_THAT(found.error().text, HasSubstr("this is words"));
}

TEST(PutIntoPromptTest, PassagesStandBeforeTheQuestion) {
    fakes::FakeLanguageModel model;
    std::vector<engine::Message> messages{{engine::Role::system, "Be brief."}, {engine::Role::user, "When?"}};
    const std::vector<store::FoundPassage> found{{{"a", "A", "Hours", "At eight."}, 0.9F}, {{"b", "B", "B", "At nine."}, 0.8F}};
    const auto used = put_into_prompt(messages, found, 1000, model);
    EXPECT_EQ(used.size(), 2U);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].text, "Be brief.");
    EXPECT_THAT(messages[1].text, StartsWith("Use these passages"));
    EXPECT_THAT(messages[1].text, HasSubstr("[1] A, Hours: At eight.\n[2] B: At nine.\nQuestion: When?"));
}

TEST(PutIntoPromptTest, WhatHasNoRoomIsLeftOut) {
    fakes::FakeLanguageModel model;
    std::vector<engine::Message> messages{{engine::Role::user, "When?"}};
    std::string novel;
    for (int i = 0; i < 500; ++i) novel += "word ";
    const std::vector<store::FoundPassage> found{{{"a", "A", "", novel}, 0.9F}, {{"b", "B", "", "At nine."}, 0.8F}};
    const auto used = put_into_prompt(messages, found, 60, model);
    ASSERT_EQ(used.size(), 1U);
    EXPECT_EQ(used[0].passage.document, "b");
    EXPECT_THAT(messages[0].text, HasSubstr("[1] B: At nine."));
    messages = {{engine::Role::user, "When?"}};
    EXPECT_TRUE(put_into_prompt(messages, found, 5, model).empty());
    EXPECT_EQ(messages[0].text, "When?");
}

TEST(PutIntoPromptTest, OnlyWordsOfTheUserGetPassages) {
    fakes::FakeLanguageModel model;
    std::vector<engine::Message> messages{{engine::Role::tool, "42"}};
    EXPECT_TRUE(put_into_prompt(messages, {{{"a", "A", "", "x"}, 0.9F}}, 1000, model).empty());
    EXPECT_EQ(messages[0].text, "42");
    messages.clear();
    EXPECT_TRUE(put_into_prompt(messages, {{{"a", "A", "", "x"}, 0.9F}}, 1000, model).empty());
}

}  // namespace
}  // namespace antiphon::think
