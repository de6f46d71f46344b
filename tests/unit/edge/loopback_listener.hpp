// A listener over loopback on a thread of its own, and a client that speaks to it byte by byte.
#pragma once

#include "edge/http_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace antiphon::edge {

class EndpointClient {
public:
    explicit EndpointClient(std::uint16_t port) : socket_(io_) {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        const timeval limit{20, 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void write(const std::string& text) {
        boost::system::error_code closed;
        boost::asio::write(socket_, boost::asio::buffer(text), closed);
    }
    /// Through the end of the header, or whatever comes before the connection ends.
    std::string read_head() { return read_until("\r\n\r\n"); }
    std::string read_until(const std::string& mark) {
        boost::system::error_code end;
        const auto count = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(buffer_), mark, end);
        const std::string text = buffer_.substr(0, end ? buffer_.size() : count);
        buffer_.erase(0, text.size());
        return text;
    }
    /// What comes until the server closes; `whole` is false when it did not close in order.
    std::string read_rest(bool* whole = nullptr) {
        boost::system::error_code end;
        boost::asio::read(socket_, boost::asio::dynamic_buffer(buffer_), end);
        if (whole != nullptr) *whole = end == boost::asio::error::eof;
        return std::exchange(buffer_, {});
    }
    /// As read_rest(), where it must close in order.
    std::string read_all() {
        bool whole = false;
        std::string text = read_rest(&whole);
        EXPECT_TRUE(whole) << text;
        return text;
    }
    std::string read_some() {
        std::array<char, 8192> buffer{};
        boost::system::error_code end;
        const auto count = socket_.read_some(boost::asio::buffer(buffer), end);
        EXPECT_FALSE(end) << end.message();
        return {buffer.data(), count};
    }
    void close() { socket_.close(); }

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::string buffer_;
};

class LoopbackTest : public ::testing::Test {
protected:
    void listen(const Services& services) {
        settings.port = 0;
        auto opened = HttpListener::open(io, settings, services);
        ASSERT_TRUE(opened) << opened.error().text;
        listener = std::move(*opened);
        thread = std::jthread([this] { io.run(); });
    }
    void TearDown() override {
        if (listener) listener->close();
        if (thread.joinable()) thread.join();  // close() leaves the io_context without work
    }

    boost::asio::io_context io;
    EdgeSettings settings;
    std::unique_ptr<HttpListener> listener;
    std::jthread thread;
};

}  // namespace antiphon::edge
