#include "endpoints_fixture.hpp"

namespace antiphon::edge {
namespace {

class Models : public EndpointsTest {
protected:
    std::vector<std::string> names() {
        std::vector<std::string> all;
        const auto list = get("/v1/models").json();
        for (const auto& one : list.at("data").as_array()) all.emplace_back(one.at("id").as_string());
        return all;
    }
};

TEST_F(Models, ListsTheConversationAndTheEngines) {
    session.model = "house";
    open();
    EXPECT_EQ(names(), (std::vector<std::string>{"house", "fake-mind", "fake-ears", "fake-voice"}));
}

TEST_F(Models, ListsEachNameOnce) {
    session.model = "fake-mind";
    open();
    EXPECT_EQ(names(), (std::vector<std::string>{"fake-mind", "fake-ears", "fake-voice"}));
}

TEST_F(Models, KnowsTheConversationBeforeTheEnginesAreLoaded) {
    session.model = "house";
    loaded = false;
    open();
    EXPECT_EQ(names(), std::vector<std::string>{"house"});
}

TEST_F(Models, GivesOne) {
    open();
    const auto one = get("/v1/models/fake-ears");
    EXPECT_EQ(one.status, 200);
    EXPECT_EQ(one.json(), boost::json::parse(R"({"id":"fake-ears","object":"model","created":0,"owned_by":"antiphon"})"));
    const auto none = get("/v1/models/nobody");
    EXPECT_EQ(none.status, 404);
    EXPECT_EQ(none.code(), "model_not_found");
    EXPECT_EQ(none.param(), "model");
}

TEST_F(Models, TheApiDescribesItself) {
    open();
    const auto file = get("/openapi.yaml");
    EXPECT_EQ(file.status, 200);
    EXPECT_EQ(file.body, services.openapi);
}

}  // namespace
}  // namespace antiphon::edge
