#include "store/passage_files.hpp"

#include "fakes/scratch_folder.hpp"
#include "store/knowledge_shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

namespace antiphon::store {
namespace {

using ::testing::HasSubstr;

std::vector<float> unit(std::vector<float> vector) {
    float sum = 0.0F;
    for (const float number : vector) sum += number * number;
    for (float& number : vector) number /= std::sqrt(sum);
    return vector;
}

Passages three() {
    return {"model-a",
            {{"a.md", "A", "One", "first"}, {"b.md", "B", "", "second"}, {"b.md", "B", "Two", "third"}},
            {unit({1, 0, 0}), unit({0, 1, 0}), unit({0, 1, 1})}};
}

std::shared_ptr<const PassageIndex> built(Passages passages) {
    auto index = PassageIndex::build(std::move(passages));
    EXPECT_TRUE(index) << index.error().text;
    return index ? *index : nullptr;
}

std::string text_in(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class PassageFilesTest : public ::testing::Test {
protected:
    std::filesystem::path graph() const {
        for (const auto& entry : std::filesystem::directory_iterator(place()))
            if (entry.path().filename().string().starts_with("graph-")) return entry.path();
        return {};
    }
    std::filesystem::path place() const { return folder_.path() / "handbook"; }
    void expect_refused(base::Errc code, const std::string& part) {
        const auto loaded = load_passages(place());
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code, code) << loaded.error().text;
        EXPECT_THAT(loaded.error().text, HasSubstr(part));
    }

    fakes::ScratchFolder folder_;
};

TEST(PassageIndexTest, FindsTheNearestFirstWithTheirCosine) {
    const auto index = built(three());
    const auto found = index->search(unit({0, 1, 0.1F}), 2);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].passage.text, "second");
    EXPECT_EQ(found[1].passage.text, "third");
    EXPECT_NEAR(found[0].score, 1.0F / std::sqrt(1.01F), 1e-5F);
    EXPECT_GT(found[0].score, found[1].score);
    EXPECT_EQ(index->search(unit({1, 0, 0}), 99).size(), 3U) << "more than there are";
    EXPECT_TRUE(index->search(unit({1, 0}), 2).empty()) << "a vector of another length";
}

TEST(PassageIndexTest, RefusesWhatIsNoSetOfVectors) {
    const auto refused = [](Passages passages) {
        const auto index = PassageIndex::build(std::move(passages));
        return !index && index.error().code == base::Errc::invalid;
    };
    EXPECT_TRUE(refused({}));
    Passages passages = three();
    passages.vectors.pop_back();
    EXPECT_TRUE(refused(passages));
    passages = three();
    passages.vectors[1] = {1.0F};
    EXPECT_TRUE(refused(passages));
    passages = three();
    passages.vectors[1][0] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(refused(passages));
}

TEST(PassageIndexTest, FindsNearlyAllOfTheTrueNearest) {
    std::mt19937 random(7);
    std::normal_distribution<float> number;
    Passages passages{"m", {}, {}};
    const auto vector = [&] {
        std::vector<float> v(32);
        for (float& x : v) x = number(random);
        return unit(v);
    };
    for (int i = 0; i < 2000; ++i) {
        passages.texts.push_back({"d", "t", "", std::to_string(i)});
        passages.vectors.push_back(vector());
    }
    const auto vectors = passages.vectors;
    const auto index = built(std::move(passages));
    int right = 0;
    for (int question = 0; question < 100; ++question) {
        const auto asked = vector();
        std::size_t best = 0;
        float best_score = -2.0F;
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            float score = 0.0F;
            for (std::size_t k = 0; k < asked.size(); ++k) score += asked[k] * vectors[i][k];
            if (score > best_score) { best_score = score; best = i; }
        }
        right += index->search(asked, 1).at(0).passage.text == std::to_string(best) ? 1 : 0;
    }
    EXPECT_GE(right, 95);
}

TEST_F(PassageFilesTest, ComeBackAsTheyWereSaved) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    const auto loaded = load_passages(place());
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_EQ((*loaded)->model(), "model-a");
    EXPECT_EQ((*loaded)->dimensions(), 3U);
    const Passages all = (*loaded)->passages();
    EXPECT_EQ(all.texts, three().texts);
    EXPECT_EQ(all.vectors, three().vectors);
    EXPECT_EQ((*loaded)->search(unit({1, 0, 0}), 1).at(0).passage.text, "first");
}

TEST_F(PassageFilesTest, ASecondSaveLeavesNothingOfTheFirst) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    const auto old = graph();
    ASSERT_TRUE(save_passages(*built(three()), place()));
    EXPECT_FALSE(std::filesystem::exists(old));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(place()), {}), 2);
}

TEST_F(PassageFilesTest, AFolderThatCannotBeWrittenIsSaid) {
    folder_.write("handbook", "a file in the way");
    const auto saved = save_passages(*built(three()), place());
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, base::Errc::unavailable);
}

TEST_F(PassageFilesTest, NoneThereIsNotFound) { expect_refused(base::Errc::not_found, "no collection"); }

TEST_F(PassageFilesTest, EveryCutOfTheGraphIsRefused) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    const std::string whole = text_in(graph());
    for (std::size_t length = 0; length < whole.size(); length += whole.size() / 20 + 1) {
        std::ofstream(graph(), std::ios::binary) << whole.substr(0, length);
        expect_refused(base::Errc::invalid, "is damaged");
    }
    std::filesystem::remove(graph());
    expect_refused(base::Errc::invalid, "the graph is not there");
}

TEST_F(PassageFilesTest, AChangedByteOfTheGraphIsRefused) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    std::string bytes = text_in(graph());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(graph(), std::ios::binary) << bytes;
    expect_refused(base::Errc::invalid, "add its documents again");
}

TEST_F(PassageFilesTest, OtherJsonIsRefused) {
    for (const char* text : {"", "{", "[]", "{}", "null", R"({"format":"antiphon passages"})", R"({"format":"other"})",
                             R"({"format":"antiphon passages","version":1,"model":"m","dimensions":-3,"graph":"g","graph_sha256":"","passages":[]})",
                             R"({"format":"antiphon passages","version":1,"model":"m","dimensions":3,"graph":"../../etc/passwd","graph_sha256":"","passages":[]})",
                             R"({"format":"antiphon passages","version":1,"model":"m","dimensions":3,"graph":"g","graph_sha256":"","passages":[7]})"}) {
        folder_.write("handbook/passages.json", text);
        expect_refused(base::Errc::invalid, "is damaged");
    }
    folder_.write("handbook/passages.json", R"({"format":"antiphon passages","version":2})");
    expect_refused(base::Errc::unsupported, "version 2");
}

TEST_F(PassageFilesTest, AGraphOfOtherPassagesIsRefused) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    std::string header = text_in(passages_file(place()));
    const std::string one = R"({"document":"b.md","title":"B","heading":"","text":"second"},)";
    ASSERT_NE(header.find(one), std::string::npos);
    header.erase(header.find(one), one.size());
    folder_.write("handbook/passages.json", header);
    expect_refused(base::Errc::invalid, "not that of its passages");
}

TEST_F(PassageFilesTest, ErasedIsGone) {
    ASSERT_TRUE(save_passages(*built(three()), place()));
    ASSERT_TRUE(erase_passages(place()));
    EXPECT_FALSE(std::filesystem::exists(place()));
    EXPECT_EQ(erase_passages(place()).error().code, base::Errc::not_found);
}

TEST_F(PassageFilesTest, TheShelfSeesWhatChanges) {
    KnowledgeShelf shelf(folder_.path());
    EXPECT_EQ(shelf.collection("handbook").error().code, base::Errc::not_found);
    EXPECT_EQ(shelf.collection("../handbook").error().code, base::Errc::invalid);
    EXPECT_TRUE(shelf.names().empty());
    ASSERT_TRUE(save_passages(*built(three()), place()));
    const auto first = shelf.collection("handbook");
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_EQ(*shelf.collection("handbook"), *first) << "it was read twice";
    EXPECT_EQ(shelf.names(), std::vector<std::string>{"handbook"});
    Passages more = three();
    more.texts.push_back({"c.md", "C", "", "fourth"});
    more.vectors.push_back(unit({1, 1, 1}));
    ASSERT_TRUE(save_passages(*built(more), place()));
    EXPECT_EQ((*shelf.collection("handbook"))->size(), 4U);
    EXPECT_EQ((*first)->size(), 3U) << "a call that has it keeps it";
    ASSERT_TRUE(erase_passages(place()));
    EXPECT_EQ(shelf.collection("handbook").error().code, base::Errc::not_found);
}

TEST(CollectionNameTest, IsWhatAFolderCanBeCalled) {
    for (const char* good : {"a", "Handbook-2", "x_y.z", "9"}) EXPECT_TRUE(is_collection_name(good)) << good;
    for (const char* bad : {"", ".", "..", ".hidden", "a/b", "a b", "-x", "ä"}) EXPECT_FALSE(is_collection_name(bad)) << bad;
    EXPECT_FALSE(is_collection_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace antiphon::store
