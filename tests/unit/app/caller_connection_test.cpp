#include "app/caller_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <functional>
#include <string>
#include <thread>

namespace antiphon::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using std::chrono::seconds;
using testing::HasSubstr;

using ServerSocket = beast::websocket::stream<tcp::socket>;

std::string receive_text(ServerSocket& socket, beast::error_code& failure) {
    beast::flat_buffer buffer;
    socket.read(buffer, failure);
    return beast::buffers_to_string(buffer.data());
}

/// Takes one connection on a free port and runs `serve` on it, on a thread that ends with it.
class OneShotServer {
public:
    explicit OneShotServer(std::function<void(tcp::socket)> serve)
        : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          thread_([this, run = std::move(serve)] { run(acceptor_.accept()); }) {}
    ~OneShotServer() { thread_.join(); }

    CallerAddress address() const {
        return {"127.0.0.1", std::to_string(acceptor_.local_endpoint().port()), "/v1/realtime?model=antiphon"};
    }

private:
    asio::io_context io_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

void answer_http(tcp::socket socket, const std::string& answer) {
    std::string request;
    asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n");
    EXPECT_THAT(request, HasSubstr("GET /v1/realtime?model=antiphon HTTP/1.1"));
    asio::write(socket, asio::buffer(answer));
}

base::Time soon() { return base::Clock::now() + seconds(10); }

TEST(CallerConnection, CarriesMessagesBothWaysInOrderAndSaysGoodbye) {
    beast::websocket::close_reason goodbye;
    {
        OneShotServer server([&](tcp::socket tcp) {
            ServerSocket socket(std::move(tcp));
            socket.accept();
            beast::error_code failure;
            for (;;) {
                const std::string text = receive_text(socket, failure);
                if (failure) break;
                socket.write(asio::buffer("heard " + text));
            }
            goodbye = socket.reason();
        });
        auto connection = CallerConnection::open(server.address(), seconds(10));
        ASSERT_TRUE(connection) << connection.error().text;
        const base::Time before = base::Clock::now();
        for (int i = 0; i < 100; ++i) (*connection)->send(std::to_string(i));
        for (int i = 0; i < 100; ++i) {
            const auto message = (*connection)->receive(soon());
            ASSERT_TRUE(message) << message.error().text;
            ASSERT_TRUE(*message);
            EXPECT_EQ((*message)->text, "heard " + std::to_string(i));
            EXPECT_GE((*message)->arrived, before);
            EXPECT_LE((*message)->arrived, base::Clock::now());
        }
    }
    EXPECT_EQ(goodbye.code, beast::websocket::close_code::normal);
}

TEST(CallerConnection, NothingByTheDeadlineIsNoFailure) {
    OneShotServer server([](tcp::socket tcp) {
        ServerSocket socket(std::move(tcp));
        socket.accept();
        beast::error_code failure;
        receive_text(socket, failure);
    });
    auto connection = CallerConnection::open(server.address(), seconds(10));
    ASSERT_TRUE(connection);
    const auto message = (*connection)->receive(base::Clock::now());
    ASSERT_TRUE(message);
    EXPECT_FALSE(*message);
}

TEST(CallerConnection, GivesOutWhatCameBeforeTheServerHungUp) {
    OneShotServer server([](tcp::socket tcp) {
        ServerSocket socket(std::move(tcp));
        socket.accept();
        socket.write(asio::buffer(std::string("last words")));
        socket.close({beast::websocket::close_code::service_restart, "restarting"});
    });
    auto connection = CallerConnection::open(server.address(), seconds(10));
    ASSERT_TRUE(connection);
    const auto message = (*connection)->receive(soon());
    ASSERT_TRUE(message);
    EXPECT_EQ((*message)->text, "last words");
    const auto end = (*connection)->receive(soon());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, base::Errc::unavailable);
    EXPECT_EQ(end.error().text, "the server ended the call (close code 1012): restarting");
    (*connection)->send("into the void");
    EXPECT_FALSE((*connection)->receive(soon()));
}

TEST(CallerConnection, NoticesAServerThatVanishes) {
    OneShotServer server([](tcp::socket tcp) {
        ServerSocket socket(std::move(tcp));
        socket.accept();
    });
    auto connection = CallerConnection::open(server.address(), seconds(10));
    ASSERT_TRUE(connection);
    const auto end = (*connection)->receive(soon());
    ASSERT_FALSE(end);
    EXPECT_THAT(end.error().text, HasSubstr("the connection was lost"));
}

TEST(CallerConnection, ShowsTheServersReasonForARefusal) {
    const std::string body = R"({"error":{"message":"all 8 lines are taken"}})";
    OneShotServer server([&](tcp::socket socket) {
        answer_http(std::move(socket), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: " +
                                           std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    const auto connection = CallerConnection::open(server.address(), seconds(10));
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code, base::Errc::unavailable);
    EXPECT_EQ(connection.error().text, "the server refused the call (HTTP 503): all 8 lines are taken");
}

TEST(CallerConnection, SaysWhenItIsNoWebSocketServer) {
    OneShotServer server([](tcp::socket socket) { answer_http(std::move(socket), "SSH-2.0-dropbear\r\n"); });
    const auto connection = CallerConnection::open(server.address(), seconds(10));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().text, HasSubstr("does not speak WebSocket"));
}

TEST(CallerConnection, SaysWhenNobodyListens) {
    asio::io_context io;
    tcp::acceptor taken(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const std::string port = std::to_string(taken.local_endpoint().port());
    taken.close();
    const auto connection = CallerConnection::open({"127.0.0.1", port, "/"}, seconds(10));
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().text, "cannot reach 127.0.0.1:" + port + ": Connection refused");
}

TEST(CallerConnection, GivesUpOnAServerThatDoesNotAnswer) {
    asio::io_context io;
    const tcp::acceptor mute(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));  // never accepts
    const CallerAddress address{"127.0.0.1", std::to_string(mute.local_endpoint().port()), "/"};
    const auto connection = CallerConnection::open(address, base::milliseconds(50));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().text, HasSubstr("no answer in time"));
}

}  // namespace
}  // namespace antiphon::app
