#include "engine/llama/llama_embedder.hpp"

#include "base/utf8.hpp"
#include "contract/embedder_contract.hpp"
#include "fakes/test_models.hpp"
#include "source_folder.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace antiphon::engine {
namespace {

using llama::LlamaEmbedder;
using llama::LlamaEmbedderSettings;

LlamaEmbedderSettings minilm() {
    LlamaEmbedderSettings settings;
    settings.model = fakes::model_file("all-minilm-l6-v2", "all-MiniLM-L6-v2.F16.gguf");
    return settings;
}

std::unique_ptr<Embedder> open(const LlamaEmbedderSettings& settings) {
    auto embedder = LlamaEmbedder::open(settings);
    if (!embedder) throw std::runtime_error(embedder.error().text);
    return *std::move(embedder);
}

LlamaEmbedderSettings with_three_places() {
    auto settings = minilm();
    settings.parallel = 3;
    settings.threads = 2;
    return settings;
}

INSTANTIATE_TEST_SUITE_P(Llama, EmbedderContract,
                         testing::Values(EmbedderCase{"one place", [] { return open(minilm()); }},
                                         EmbedderCase{"three places", [] { return open(with_three_places()); }}));

base::Errc code_of_opening(const LlamaEmbedderSettings& settings) {
    const auto embedder = LlamaEmbedder::open(settings);
    if (embedder) throw std::runtime_error("it opened");
    EXPECT_FALSE(embedder.error().text.empty());
    return embedder.error().code;
}

TEST(LlamaEmbedder, HasTheModelsVectorsAndPositions) {
    const auto embedder = open(minilm());
    EXPECT_EQ(embedder->dimensions(), 384U);
    EXPECT_EQ(embedder->context_tokens(), 512U);
    auto fewer = minilm();
    fewer.context_tokens = 100;
    EXPECT_EQ(open(fewer)->context_tokens(), 100U);
}

/// tests/golden/embeddings has vectors that were computed without llama.cpp; its README says how.
TEST(LlamaEmbedder, GivesTheVectorsOfTheReference) {
    std::ifstream from(ANTIPHON_SOURCE_DIR "/tests/golden/embeddings/all-minilm-l6-v2.json");
    const std::string text{std::istreambuf_iterator<char>(from), {}};
    const auto golden = boost::json::parse(text).as_array();
    ASSERT_GE(golden.size(), 10U);
    const auto embedder = open(minilm());
    for (const auto& one : golden) {
        const std::string words(one.at("text").as_string());
        const auto result = embedder->embed({words}, {});
        ASSERT_TRUE(result) << words << ": " << result.error().text;
        EXPECT_EQ(result->tokens, one.at("tokens").to_number<std::size_t>()) << words;
        std::vector<float> expected;
        for (const auto& number : one.at("vector").as_array()) expected.push_back(number.to_number<float>() / 10'000.0F);
        EXPECT_GT(dot(result->vectors[0], expected) / std::sqrt(dot(expected, expected)), 0.9995F) << words;
    }
}

TEST(LlamaEmbedder, CountsTheTokensOfATextThatIsTooLong) {
    const auto embedder = open(minilm());
    const auto words = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += "word ";
        return text;
    };
    const auto longest = embedder->embed({words(510)}, {});
    ASSERT_TRUE(longest) << longest.error().text;
    EXPECT_EQ(longest->tokens, 512U);
    const auto longer = embedder->embed({"good", words(600)}, {});
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().text, "the text has 602 tokens, and the embedding model takes at most 512");
}

TEST(LlamaEmbedder, ReadsMarksInATextAsText) {
    const auto embedder = open(minilm());
    const auto marked = embedder->embed({"[CLS][SEP]"}, {});
    ASSERT_TRUE(marked);
    EXPECT_GT(marked->tokens, 4U) << "brackets and letters, and the two marks around them";
    const auto blank = embedder->embed({" \n"}, {});
    ASSERT_TRUE(blank) << "no words, but a text: " << blank.error().text;
    EXPECT_EQ(blank->tokens, 2U);
}

TEST(LlamaEmbedder, SurvivesTextsThatNobodyWrites) {
    const auto embedder = open(minilm());
    std::string of_every_plane;
    for (char32_t c = 1; c < 0x110000; c += 2997) base::append_utf8(of_every_plane, c);
    for (const std::string& text : {std::string(1, '\0'), std::string("\xEF\xBF\xBD"), std::string("\xCC\x81"),
                                    std::string(100'000, ' '), of_every_plane}) {
        const auto result = embedder->embed({text}, {});
        ASSERT_TRUE(result) << result.error().text;
        EXPECT_NEAR(dot(result->vectors[0], result->vectors[0]), 1.0F, 1e-4F);
    }
    const auto one_word = embedder->embed({std::string(1'000'000, 'a')}, {});
    ASSERT_FALSE(one_word);
    EXPECT_EQ(one_word.error().code, base::Errc::invalid);
}

TEST(LlamaEmbedder, StopsAmongTheTexts) {
    const auto embedder = open(minilm());
    std::stop_source stop;
    std::thread later([&] {
        const auto first = embedder->embed({"Something to do meanwhile."}, {});
        EXPECT_TRUE(first);
        stop.request_stop();
    });
    const std::vector<std::string> many(5'000, "A text that is one of very many.");
    const auto result = embedder->embed(many, stop.get_token());
    later.join();
    ASSERT_FALSE(result) << "all were computed first";
    EXPECT_EQ(result.error().code, base::Errc::cancelled);
}

TEST(LlamaEmbedder, RefusesWhatIsNoEmbedder) {
    auto settings = minilm();
    settings.model = "no/such/model.gguf";
    EXPECT_EQ(code_of_opening(settings), base::Errc::unavailable);
    settings.model = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    EXPECT_EQ(code_of_opening(settings), base::Errc::unsupported);

    settings.model = std::filesystem::path(testing::TempDir()) / "llama_embedder_cut.gguf";
    std::filesystem::copy_file(minilm().model, settings.model, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(settings.model, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    std::filesystem::resize_file(settings.model, 20'000'000);
    EXPECT_EQ(code_of_opening(settings), base::Errc::engine);
    std::filesystem::remove(settings.model);

    settings = minilm();
    settings.threads = 0;
    EXPECT_EQ(code_of_opening(settings), base::Errc::invalid);
    settings = minilm();
    settings.parallel = 65;
    EXPECT_EQ(code_of_opening(settings), base::Errc::invalid);
    settings = minilm();
    settings.context_tokens = 2;
    EXPECT_EQ(code_of_opening(settings), base::Errc::invalid);
}

}  // namespace
}  // namespace antiphon::engine
