#include "endpoints_fixture.hpp"

#include "base/base64.hpp"
#include "fakes/fake_embedder.hpp"

#include <cstring>

namespace antiphon::edge {
namespace {

const std::string kPath = "/v1/embeddings";

class EmbeddingsEndpoint : public EndpointsTest {
protected:
    void SetUp() override {
        EndpointsTest::SetUp();
        endpoint_engines.embedder = &embedder;
        endpoint_engines.embedder_name = "fake-letters";
    }
    void expect_refused(const std::string& request, const std::string& code, const std::string& param) {
        const auto answer = post(kPath, request);
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_EQ(answer.code(), code) << answer.body;
        EXPECT_EQ(answer.param(), param) << answer.body;
    }
    fakes::FakeEmbedder embedder;
};

TEST_F(EmbeddingsEndpoint, GivesAVectorForEachText) {
    open();
    const auto answer = post(kPath, R"({"model":"text-embedding-3-small","input":["abc","xyz"]})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = answer.json();
    ASSERT_EQ(body.at("data").as_array().size(), 2U);
    EXPECT_EQ(body.at("data").at(1).at("index"), 1);
    EXPECT_EQ(body.at("data").at(1).at("embedding").as_array().size(), embedder.dimensions());
    EXPECT_EQ(body.at("usage").at("total_tokens"), 2);
    EXPECT_EQ(get("/v1/models/fake-letters").status, 200);
}

TEST_F(EmbeddingsEndpoint, GivesBase64) {
    open();
    const auto answer = post(kPath, R"({"model":"fake-letters","input":"abc","encoding_format":"base64"})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto bytes = base::base64_decode(std::string(answer.json().at("data").at(0).at("embedding").as_string()));
    ASSERT_TRUE(bytes);
    ASSERT_EQ(bytes->size(), 4 * embedder.dimensions());
    float first = 0.0F;
    std::memcpy(&first, bytes->data(), 4);
    EXPECT_NEAR(first, 0.5F, 1e-5F) << "a, b, c and the constant: each half";
}

TEST_F(EmbeddingsEndpoint, TakesTheDimensionsThatTheModelHas) {
    open();
    const auto answer = post(kPath, R"({"model":"fake-letters","input":"abc","dimensions":27})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(post(kPath, R"({"model":"fake-letters","input":"abc","dimensions":null})").status, 200);
    expect_refused(R"({"model":"fake-letters","input":"x","dimensions":0})", "invalid_value", "dimensions");
    expect_refused(R"({"model":"fake-letters","input":"x","dimensions":"27"})", "invalid_type", "dimensions");
}

TEST_F(EmbeddingsEndpoint, RefusesWhatIsWrong) {
    open();
    expect_refused(R"({"input":"x"})", "missing_required_parameter", "model");
    expect_refused(R"({"model":"fake-letters"})", "missing_required_parameter", "input");
    expect_refused(R"({"model":"fake-letters","input":""})", "invalid_value", "input");
    expect_refused(R"({"model":"fake-letters","input":[]})", "invalid_value", "input");
    expect_refused(R"({"model":"fake-letters","input":[1,2]})", "unsupported", "input");
    expect_refused(R"({"model":"fake-letters","input":["a",true]})", "invalid_type", "input");
    expect_refused(R"({"model":"fake-letters","input":["a",""]})", "invalid_value", "input[1]");
    expect_refused(R"({"model":"fake-letters","input":"x","encoding_format":"hex"})", "invalid_value", "encoding_format");
    expect_refused(R"({"model":"fake-letters","input":"x","dimensions":5})", "unsupported", "dimensions");
    EXPECT_EQ(post(kPath, R"({"model":"nobody","input":"x"})").code(), "model_not_found");
}

TEST_F(EmbeddingsEndpoint, WithoutAnEmbedderThereIsNoModel) {
    endpoint_engines.embedder = nullptr;
    open();
    const auto answer = post(kPath, R"({"model":"text-embedding-3-small","input":"x"})");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "model_not_found");
}

}  // namespace
}  // namespace antiphon::edge
