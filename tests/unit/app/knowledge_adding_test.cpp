#include "app/knowledge_adding.hpp"

#include "fakes/fake_embedder.hpp"
#include "fakes/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Fails from its third call on.
class TiredEmbedder final : public engine::Embedder {
public:
    base::Result<engine::Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override {
        if (++calls_ > 2) return base::error(base::Errc::engine, "tired");
        return inner_.embed(texts, stop);
    }
    std::size_t dimensions() const noexcept override { return inner_.dimensions(); }
    std::size_t context_tokens() const noexcept override { return inner_.context_tokens(); }

private:
    fakes::FakeEmbedder inner_;
    int calls_ = 0;
};

class KnowledgeAddingTest : public ::testing::Test {
protected:
    std::vector<FoundDocument> found() {
        const auto documents = find_documents(folder_.path());
        EXPECT_TRUE(documents) << documents.error().text;
        return documents ? documents->documents : std::vector<FoundDocument>{};
    }
    base::Result<AddedDocuments> add(engine::Embedder& embedder) {
        return add_documents(passages_, found(), embedder, [&](const std::string& name) { told_.push_back(name); });
    }
    std::vector<std::string> documents() const {
        std::vector<std::string> names;
        for (const auto& passage : passages_.texts)
            if (names.empty() || names.back() != passage.document) names.push_back(passage.document);
        return names;
    }

    fakes::ScratchFolder folder_;
    fakes::FakeEmbedder embedder_;
    store::Passages passages_;
    std::vector<std::string> told_;
};

TEST_F(KnowledgeAddingTest, AFolderIsReadWithAllBelowIt) {
    folder_.write("b.md", "# B\n\nwords");
    folder_.write("a/deep/c.txt", "words");
    folder_.write("a/picture.png", "x");
    folder_.write(".hidden.md", "words");
    folder_.write(".git/d.md", "words");
    std::filesystem::create_directory_symlink(folder_.path(), folder_.path() / "a/round");
    const auto all = find_documents(folder_.path());
    ASSERT_TRUE(all) << all.error().text;
    ASSERT_EQ(all->documents.size(), 2U);
    EXPECT_EQ(all->documents[0].name, "a/deep/c.txt");
    EXPECT_EQ(all->documents[1].name, "b.md");
    EXPECT_EQ(all->passed_over, 1U);
    EXPECT_EQ(find_documents(folder_.path() / "b.md")->documents.at(0).name, "b.md");
    EXPECT_EQ(find_documents(folder_.path() / "none").error().code, base::Errc::unavailable);
}

TEST_F(KnowledgeAddingTest, WhatCannotBeReadIsRefusedAndTheOthersGoOn) {
    folder_.write("a.txt", "words");
    folder_.write("b.txt", "gr\xFC\xDF");
    folder_.write("c.md", "# C\n\nwords\n\n## More\n\nwords");
    const auto added = add(embedder_);
    ASSERT_TRUE(added) << added.error().text;
    EXPECT_EQ(added->added, 2U);
    EXPECT_EQ(added->passages, 3U);
    ASSERT_EQ(added->refused.size(), 1U);
    EXPECT_THAT(added->refused[0], HasSubstr("b.txt: it is not UTF-8"));
    EXPECT_THAT(told_, ElementsAre("a.txt", "b.txt", "c.md"));
    EXPECT_EQ(passages_.texts.size(), passages_.vectors.size());
}

TEST_F(KnowledgeAddingTest, ADocumentTakesThePlaceOfItself) {
    folder_.write("a.md", "# One\n\nfirst\n\n# Two\n\nsecond");
    folder_.write("b.md", "other");
    ASSERT_TRUE(add(embedder_));
    folder_.write("a.md", "third");
    const auto added = add(embedder_);
    ASSERT_TRUE(added);
    EXPECT_EQ(added->replaced, 2U);
    EXPECT_THAT(documents(), ElementsAre("a.md", "b.md"));
    ASSERT_EQ(passages_.texts.size(), 2U);
    EXPECT_EQ(passages_.texts[0].text, "third");
    EXPECT_EQ(passages_.vectors[0], embedder_.embed({"a. third"}, {})->vectors.front());
    folder_.write("a.md", "");
    ASSERT_TRUE(add(embedder_));
    EXPECT_THAT(documents(), ElementsAre("a.md", "b.md")) << "one that is refused stays as it was";
}

TEST_F(KnowledgeAddingTest, AnEmbedderThatFailsIsNoFaultOfADocument) {
    for (const char* name : {"a.txt", "b.txt", "c.txt"}) folder_.write(name, "words");
    TiredEmbedder tired;
    const auto added = add(tired);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().text, "tired");
}

TEST_F(KnowledgeAddingTest, RemovedIsGoneWithItsVectors) {
    for (const char* name : {"a.txt", "b.txt", "c.txt"}) folder_.write(name, std::string("words of ") + name);
    ASSERT_TRUE(add(embedder_));
    const auto kept = passages_.vectors[2];
    EXPECT_EQ(remove_documents(passages_, {"a.txt", "b.txt", "none"}), 2U);
    EXPECT_THAT(documents(), ElementsAre("c.txt"));
    ASSERT_EQ(passages_.vectors.size(), 1U);
    EXPECT_EQ(passages_.vectors[0], kept);
}

}  // namespace
}  // namespace antiphon::app
