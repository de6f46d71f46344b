// The channel over a real socket, with Beast's own client at the other end.
#include "edge/web_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

/// What the test does on the server's side; everything of it runs on the loop's thread.
struct User final : ChannelUser {
    explicit User(std::shared_ptr<MessageChannel> to) : channel(std::move(to)) {}
    void opened() override {
        if (on_open) on_open(*channel);
        channel->next();
    }
    void received(std::string_view message) override {
        if (on_message) on_message(*channel, message);
        channel->next();
    }
    void received_binary(std::span<const std::uint8_t> bytes) override {
        channel->send_binary(bytes);
        channel->next();
    }
    void ended(ChannelEnd end) override {
        how = end;
        channel.reset();
    }

    std::shared_ptr<MessageChannel> channel;
    std::function<void(MessageChannel&)> on_open;
    std::function<void(MessageChannel&, std::string_view)> on_message;
    std::optional<ChannelEnd> how;
};

class WebSocketTest : public testing::Test {
protected:
    WebSocketTest() : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), client(client_io_) {}
    ~WebSocketTest() override { end(); }

    /// The server answers the client's upgrade, and the client is connected.
    void connect() {
        acceptor_.async_accept([this](error_code failure, tcp::socket socket) {
            ASSERT_FALSE(failure) << failure.message();
            socket.set_option(tcp::no_delay(true));
            auto request = std::make_shared<beast::http::request<beast::http::empty_body>>();
            auto buffer = std::make_shared<beast::flat_buffer>();
            auto kept = std::make_shared<tcp::socket>(std::move(socket));
            beast::http::async_read(*kept, *buffer, *request, [this, kept, buffer, request](error_code broken, std::size_t) {
                ASSERT_FALSE(broken) << broken.message();
                const auto field = [&](beast::http::field name) { return std::string((*request)[name]); };
                open_web_socket(std::move(*kept),
                                {"/", field(beast::http::field::host), field(beast::http::field::sec_websocket_key), ""},
                                settings, [this](std::shared_ptr<MessageChannel> channel) {
                                    user = std::make_shared<User>(std::move(channel));
                                    user->on_open = on_open;
                                    user->on_message = on_message;
                                    return user;
                                });
            });
        });
        thread_ = std::thread([this] { io.run(); });
        beast::get_lowest_layer(client).connect(acceptor_.local_endpoint());
        beast::get_lowest_layer(client).set_option(tcp::no_delay(true));
        client.handshake("127.0.0.1", "/");
    }

    std::pair<std::string, bool> read() {
        beast::flat_buffer in;
        client.read(in);
        return {beast::buffers_to_string(in.cdata()), client.got_binary()};
    }

    /// Until the server has nothing more to do.
    void end() {
        if (thread_.joinable()) thread_.join();
    }

    EdgeSettings settings;
    asio::io_context io{1};
    std::function<void(MessageChannel&)> on_open;
    std::function<void(MessageChannel&, std::string_view)> on_message;
    std::shared_ptr<User> user;

private:
    tcp::acceptor acceptor_;
    std::thread thread_;
    asio::io_context client_io_;

protected:
    beast::websocket::stream<tcp::socket> client;
};

TEST_F(WebSocketTest, MessagesOfEveryLengthComeInOrder) {
    const std::vector<std::size_t> lengths{0, 1, 125, 126, 127, 1496, 65'535, 65'536, 200'000, 3};
    on_open = [&](MessageChannel& channel) {
        for (int round = 0; round < 3; ++round)
            for (const std::size_t length : lengths) {
                const std::string message(length, static_cast<char>('a' + length % 26));
                if (round == 1)
                    channel.send_binary({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
                else
                    channel.send(message);
            }
    };
    connect();
    for (int round = 0; round < 3; ++round)
        for (const std::size_t length : lengths) {
            const auto [message, binary] = read();
            EXPECT_EQ(binary, round == 1);
            ASSERT_EQ(message.size(), length);
            EXPECT_EQ(message, std::string(length, static_cast<char>('a' + length % 26)));
        }
    client.close(beast::websocket::close_code::normal);
    end();
    EXPECT_EQ(user->how, ChannelEnd::closed_by_client);
}

TEST_F(WebSocketTest, PongsStandBetweenMessagesNeverInsideThem) {
    on_message = [](MessageChannel& channel, std::string_view message) {
        for (int i = 0; i < 20; ++i) channel.send(std::string(message) + std::string(3000, 'x') + std::to_string(i));
    };
    connect();
    int pongs = 0;
    client.control_callback([&](beast::websocket::frame_type kind, beast::string_view) {
        if (kind == beast::websocket::frame_type::pong) ++pongs;
    });
    for (int round = 0; round < 50; ++round) {
        client.ping("p");
        client.write(asio::buffer(std::to_string(round)));
        client.ping("q");
        for (int i = 0; i < 20; ++i)
            ASSERT_EQ(read().first, std::to_string(round) + std::string(3000, 'x') + std::to_string(i));
    }
    client.write(asio::buffer(std::string("last")));  // the last pong comes before its answer
    for (int i = 0; i < 20; ++i) read();
    EXPECT_EQ(pongs, 100);
    client.close(beast::websocket::close_code::normal);
    end();
}

TEST_F(WebSocketTest, WhatWasSaidBeforeACloseArrives) {
    on_open = [](MessageChannel& channel) {
        for (int i = 0; i < 100; ++i) channel.send(std::to_string(i));
        channel.close(CloseCode::service_restart, "bye");
        channel.send("after the close");
    };
    connect();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(read().first, std::to_string(i));
    beast::flat_buffer in;
    error_code failure;
    client.read(in, failure);
    EXPECT_EQ(failure, beast::websocket::error::closed);
    EXPECT_EQ(client.reason().code, 1012);
    end();
    EXPECT_EQ(user->how, ChannelEnd::closed_by_server);
}

TEST_F(WebSocketTest, AClientThatDoesNotReadIsLetGo) {
    settings.max_queued = 1U << 20U;
    on_open = [](MessageChannel& channel) {
        for (int i = 0; i < 4000; ++i) channel.send(std::string(10'000, 'x'));
    };
    connect();
    end();
    EXPECT_EQ(user->how, ChannelEnd::too_slow);
}

TEST_F(WebSocketTest, ALoopThatEndsEarlyLeavesNothing) {
    // The leak checker of the address sanitizer looks at what is left.
    on_open = [this](MessageChannel& channel) {
        for (int i = 0; i < 400; ++i) channel.send(std::string(100'000, 'x'));
        channel.close(CloseCode::service_restart, "bye");
        asio::post(io, [this] { io.stop(); });
    };
    settings.max_queued = 64U << 20U;
    connect();
    end();
    EXPECT_FALSE(user->how);
    user->channel.reset();  // which ended() would have done: the two hold each other
    user.reset();
}

}  // namespace
}  // namespace antiphon::edge
