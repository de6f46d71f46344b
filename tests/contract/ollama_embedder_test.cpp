#include "engine/ollama/ollama_embedder.hpp"

#include "contract/chat_server.hpp"
#include "contract/embedder_contract.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace antiphon::engine {
namespace {

using ollama::OllamaEmbedder;
using ollama::OllamaSettings;

OllamaSettings settings_for(const std::string& url) {
    OllamaSettings settings;
    settings.base_url = url;
    settings.model = "nomic-embed-text";
    settings.context_tokens = 256;
    return settings;
}

/// With its server.
class Served final : public Embedder {
public:
    Served() {
        auto made = OllamaEmbedder::open(settings_for(server_.url()), {});
        if (!made) throw std::runtime_error(made.error().text);
        embedder_ = *std::move(made);
    }
    base::Result<Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override {
        return embedder_->embed(texts, std::move(stop));
    }
    std::size_t dimensions() const noexcept override { return embedder_->dimensions(); }
    std::size_t context_tokens() const noexcept override { return embedder_->context_tokens(); }

private:
    fakes::OllamaServer server_;
    std::unique_ptr<OllamaEmbedder> embedder_;
};

INSTANTIATE_TEST_SUITE_P(Ollama, EmbedderContract,
                         testing::Values(EmbedderCase{"ollama", [] { return std::make_unique<Served>(); }}));

TEST(OllamaEmbedder, NamesTheTextThatOnlyTheServerFindsTooLong) {
    fakes::OllamaServer server;
    auto settings = settings_for(server.url());
    settings.context_tokens = 4096;  // the server has 256
    const auto embedder = *OllamaEmbedder::open(settings, {});
    std::string text;
    for (int i = 0; i < 300; ++i) text += "word ";
    const auto result = embedder->embed({"good", text, "good"}, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::invalid);
    EXPECT_EQ(result.error().param, "input[1]");
    EXPECT_TRUE(embedder->embed({"good"}, {}));
}

TEST(OllamaEmbedder, AServerWithoutVectorsIsTold) {
    for (const char* body : {"{}", "[]", "no", R"({"embeddings":[[]]})", R"({"embeddings":[["a"]]})", R"({"embeddings":[[0,0]]})"}) {
        fakes::ScriptedServer server([&](const auto& request, auto& connection) {
            if (request.path == "/api/tags")
                return connection.answer(200, "application/json", R"({"models":[{"name":"nomic-embed-text:latest"}]})");
            return connection.answer(200, "application/json", body);
        });
        const auto embedder = OllamaEmbedder::open(settings_for(server.url()), {});
        ASSERT_FALSE(embedder) << body;
        EXPECT_EQ(embedder.error().code, base::Errc::engine) << embedder.error().text;
    }
}

}  // namespace
}  // namespace antiphon::engine
