#include "edge/stun_client.hpp"

#include "edge/stun_message.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using Bytes = std::vector<std::uint8_t>;
using ::testing::HasSubstr;

/// Answers each datagram with what `answers` makes of it, from a thread of its own.
class StunServer {
public:
    using Answers = std::function<std::vector<Bytes>(const Bytes&)>;

    explicit StunServer(Answers answers, const char* address = "127.0.0.1")
        : answers_(std::move(answers)), socket_(io_, udp::endpoint(asio::ip::make_address(address), 0)) {
        receive();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~StunServer() {
        io_.stop();
        thread_.join();
    }

    std::uint16_t port() const { return socket_.local_endpoint().port(); }
    IceUrl url(std::string host = "127.0.0.1") const { return {.host = std::move(host), .port = port()}; }
    int asked() const { return asked_; }

private:
    void receive() {
        socket_.async_receive_from(
            asio::buffer(in_), from_, [this](boost::system::error_code failure, std::size_t length) {
                if (failure) return;
                ++asked_;
                for (const Bytes& answer :
                     answers_(Bytes(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(length))))
                    socket_.send_to(asio::buffer(answer), from_);
                receive();
            });
    }

    const Answers answers_;
    asio::io_context io_;
    udp::socket socket_;
    udp::endpoint from_;
    std::array<std::uint8_t, 2000> in_{};
    std::atomic<int> asked_ = 0;
    std::thread thread_;
};

/// Says "you are 203.0.113.7:4660" to the request, in the old, unmasked form.
Bytes answer_to(const Bytes& request) {
    Bytes answer = request;
    answer[0] = 0x01;
    answer[1] = 0x01;
    const Bytes mapped{0, 1, 0, 8, 0, 1, 0x12, 0x34, 203, 0, 113, 7};
    answer[3] = static_cast<std::uint8_t>(mapped.size());
    answer.insert(answer.end(), mapped.begin(), mapped.end());
    return answer;
}

TEST(StunClient, LearnsOurAddress) {
    const StunServer server([](const Bytes& request) { return std::vector<Bytes>{answer_to(request)}; });
    const auto seen = ask_stun(server.url());
    ASSERT_TRUE(seen) << seen.error().text;
    EXPECT_EQ(seen->address().to_string(), "203.0.113.7");
    EXPECT_EQ(seen->port(), 0x1234);
}

TEST(StunClient, AsksAgainWhenADatagramIsLost) {
    int seen = 0;
    const StunServer server([&seen](const Bytes& request) {
        return ++seen == 1 ? std::vector<Bytes>{} : std::vector<Bytes>{answer_to(request)};
    });
    EXPECT_TRUE(ask_stun(server.url()));
    EXPECT_EQ(server.asked(), 2);
}

TEST(StunClient, HostileAnswersArePassedOver) {
    const StunServer server([](const Bytes& request) {
        Bytes foreign = answer_to(request);
        foreign[19] ^= 1;  // another transaction
        foreign.back() = 66;
        Bytes cut = answer_to(request);
        cut.pop_back();
        Bytes lying = answer_to(request);
        lying[23] = 0xFF;
        return std::vector<Bytes>{{}, {0}, foreign, cut, lying, Bytes(1400, 0xFF), request, answer_to(request)};
    });
    const auto seen = ask_stun(server.url());
    ASSERT_TRUE(seen) << seen.error().text;
    EXPECT_EQ(seen->address().to_string(), "203.0.113.7");
}

TEST(StunClient, SilenceEndsWithItsPatience) {
    const StunServer server([](const Bytes&) { return std::vector<Bytes>{}; });
    const base::Time began = base::Clock::now();
    const auto seen = ask_stun(server.url(), base::milliseconds(600));
    EXPECT_LT(base::Clock::now() - began, base::milliseconds(1500));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, base::Errc::unavailable);
    EXPECT_EQ(server.asked(), 2);
}

TEST(StunClient, NobodyThereIsSaid) {
    std::uint16_t free_port = 0;
    {
        asio::io_context io;
        free_port = udp::socket(io, udp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
    }
    const auto seen = ask_stun({.host = "127.0.0.1", .port = free_port}, base::milliseconds(100));
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error().text, HasSubstr("refused"));
    EXPECT_FALSE(ask_stun({.secure = true, .tcp = true, .host = "127.0.0.1"}));
}

TEST(StunClient, ARefusalIsNamed) {
    const StunServer server([](const Bytes& request) {
        Bytes answer = request;
        answer[0] = 0x01;
        answer[1] = 0x11;
        const Bytes error{0, 9, 0, 4, 0, 0, 4, 0};
        answer[3] = 8;
        answer.insert(answer.end(), error.begin(), error.end());
        return std::vector<Bytes>{answer};
    });
    const auto seen = ask_stun(server.url());
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error().text, HasSubstr("400"));
}

TEST(PublicAddress, IsAsTheSettingSays) {
    EXPECT_EQ(*resolve_public_address("", {"stun:127.0.0.1:1"}), "");
    EXPECT_EQ(*resolve_public_address("203.0.113.9", {}), "203.0.113.9");
    EXPECT_EQ(*resolve_public_address("2001:DB8:0::1", {}), "2001:db8::1");
    EXPECT_EQ(*resolve_public_address("auto", {}), "");
    for (const auto* wrong : {"Auto", "example.org", "1.2.3", "0.0.0.0", "224.0.0.1", "::", "1.2.3.4:80", " 1.2.3.4"}) {
        const auto refused = resolve_public_address(wrong, {});
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().param, "webrtc.public_address");
    }
}

TEST(PublicAddress, IsLearnedFromTheFirstStunServer) {
    const StunServer server([](const Bytes& request) { return std::vector<Bytes>{answer_to(request)}; });
    const auto address =
        resolve_public_address("auto", {"stun:127.0.0.1:" + std::to_string(server.port()), "stun:127.0.0.1:1"});
    ASSERT_TRUE(address) << address.error().text;
    EXPECT_EQ(*address, "203.0.113.7");
}

}  // namespace
}  // namespace antiphon::edge
