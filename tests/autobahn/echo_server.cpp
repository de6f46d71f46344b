// Gives every message back over the product's own WebSocket: what the Autobahn suite talks to.
//
//     echo_server --port-file FILE
//
// Ends on SIGTERM. The channel is src/edge/web_socket as it is; only the bounds are wider, since the suite sends
// messages of 16 MiB.
#include "edge/web_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

class Echo final : public ChannelUser {
public:
    explicit Echo(std::shared_ptr<MessageChannel> channel) : channel_(std::move(channel)) {}

    void opened() override { channel_->next(); }
    void received(std::string_view message) override {
        channel_->send(std::string(message));
        channel_->next();
    }
    void received_binary(std::span<const std::uint8_t> message) override {
        channel_->send_binary(message);
        channel_->next();
    }
    void ended(ChannelEnd) override { channel_.reset(); }

private:
    std::shared_ptr<MessageChannel> channel_;
};

/// Reads the one request of a connection and hands the socket over.
class Handshake final : public std::enable_shared_from_this<Handshake> {
public:
    Handshake(tcp::socket socket, const EdgeSettings& settings) : socket_(std::move(socket)), settings_(settings) {}

    void start() {
        http::async_read(socket_, buffer_, request_, [self = shared_from_this()](error_code failure, std::size_t) {
            if (!failure && beast::websocket::is_upgrade(self->request_)) self->open();
        });
    }

private:
    void open() {
        const auto field = [&](http::field name) { return std::string(request_[name]); };
        UpgradeRequest upgrade{std::string(request_.target()), field(http::field::host),
                               field(http::field::sec_websocket_key), ""};
        open_web_socket(std::move(socket_), std::move(upgrade), settings_,
                        [](std::shared_ptr<MessageChannel> channel) { return std::make_shared<Echo>(std::move(channel)); });
    }

    tcp::socket socket_;
    const EdgeSettings& settings_;
    beast::flat_buffer buffer_;
    http::request<http::empty_body> request_;
};

void accept(tcp::acceptor& acceptor, const EdgeSettings& settings) {
    // Without Beast's own executor type: the channel's socket is a plain one.
    acceptor.async_accept([&](error_code failure, tcp::socket socket) {
        if (failure) return;
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Handshake>(std::move(socket), settings)->start();
        accept(acceptor, settings);
    });
}

int serve(const std::string& port_file) {
    EdgeSettings settings;
    settings.max_message = 64U << 20U;
    settings.max_queued = 256U << 20U;
    asio::io_context io{1};
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](error_code, int) { io.stop(); });
    accept(acceptor, settings);
    std::ofstream(port_file + ".part") << acceptor.local_endpoint().port() << '\n';
    std::rename((port_file + ".part").c_str(), port_file.c_str());
    io.run();
    return 0;
}

}  // namespace
}  // namespace antiphon::edge

int main(int argc, char** argv) {
    if (argc != 3 || std::string_view(argv[1]) != "--port-file") {
        std::fprintf(stderr, "echo_server --port-file FILE\n");
        return 2;
    }
    return antiphon::edge::serve(argv[2]);
}
