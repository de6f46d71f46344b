// The server's own faults: a port in use, models that are missing or damaged. A server that works is
// driven from outside, by tests/wire.
#include "app/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include <cstdlib>
#include <fstream>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServerTest : public ::testing::Test {
protected:
    ServerTest() {
        std::string name = ::testing::TempDir() + "antiphon-server-XXXXXX";
        directory_ = mkdtemp(name.data());
        settings_.edge.port = 0;
        settings_.log_level = "error";
        settings_.engines.models_dir = directory_.string();
        settings_.engines.set = "tiny";
    }
    ~ServerTest() override { std::filesystem::remove_all(directory_); }

    /// Files of the right size full of zeros: there at first sight, damaged when they are read.
    void install_damaged_models() {
        const auto& catalog = engine::Catalog::embedded();
        for (const auto& id : catalog.set("tiny")->models) {
            const engine::Model& model = *catalog.model(id);
            std::filesystem::create_directories(directory_ / id);
            for (const auto& file : model.files) {
                const auto path = directory_ / id / file.name;
                std::ofstream(path).close();
                std::filesystem::resize_file(path, file.sources.front().size);
            }
        }
    }

    std::filesystem::path directory_;
    Settings settings_;
};

TEST_F(ServerTest, AMissingModelIsSaidBeforeAnythingElse) {
    const auto server = Server::open(settings_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, base::Errc::unavailable);
    EXPECT_THAT(server.error().text,
                AllOf(HasSubstr("silero_vad.onnx is missing"), HasSubstr("`antiphon models fetch tiny`")));
}

TEST_F(ServerTest, ADamagedModelEndsTheRunWithASentence) {
    install_damaged_models();
    auto server = Server::open(settings_);
    ASSERT_TRUE(server) << server.error().text;
    EXPECT_GT((*server)->port(), 0);
    const auto ended = (*server)->run();
    ASSERT_FALSE(ended);
    EXPECT_THAT(ended.error().text, AllOf(HasSubstr("silero_vad.onnx is damaged"), HasSubstr("antiphon models fetch")));
}

TEST_F(ServerTest, APortInUseIsAClearError) {
    install_damaged_models();
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor taken(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
    settings_.edge.port = taken.local_endpoint().port();
    const auto server = Server::open(settings_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, base::Errc::unavailable);
    EXPECT_THAT(server.error().text, AllOf(HasSubstr(std::to_string(settings_.edge.port)), HasSubstr("in use")));
}

TEST_F(ServerTest, AnAddressThatIsNotOursIsAClearError) {
    install_damaged_models();
    settings_.edge.host = "192.0.2.1";  // TEST-NET-1: nobody's
    settings_.access.open = true;
    const auto server = Server::open(settings_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, base::Errc::unavailable);
    EXPECT_THAT(server.error().text, HasSubstr("192.0.2.1"));
}

TEST_F(ServerTest, WhereOthersReachItItAsksForAKeyOrTheWordOpen) {
    install_damaged_models();
    settings_.edge.host = "0.0.0.0";
    const auto server = Server::open(settings_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, base::Errc::invalid);
    EXPECT_THAT(server.error().text, AllOf(HasSubstr("antiphon keys add"), HasSubstr("--open")));
}

TEST_F(ServerTest, AGpuThatIsNotThereIsAClearError) {
    if (this_machine().gpu) GTEST_SKIP() << "this machine has a GPU";
    settings_.engines.device = "gpu";
    const auto server = Server::open(settings_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, base::Errc::unsupported);
    EXPECT_THAT(server.error().text, HasSubstr("models.device is gpu"));
}

}  // namespace
}  // namespace antiphon::app
