// The client's end of a WebSocket, as little of it as the load callers need, so that hundreds of them leave most of
// the machine to the server: frames are made once and sent as they are, one read takes all that has come.
//
// Use from the socket's thread. It answers pings. A server's message must be one frame, as ours are.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::bench {

class BareWebSocket {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using Failure = boost::system::error_code;

    /// What the owner does with what comes. None of them may destroy this; after close() only `ended` is called, once.
    struct Events {
        std::function<void()> opened;
        std::function<void(std::string_view)> message;
        std::function<void(const std::string&)> ended;  ///< with the reason
    };

    explicit BareWebSocket(boost::asio::io_context& io) : socket_(io) {}

    /// `keep` is held while an operation is under way.
    void connect(const Socket::endpoint_type& server, std::string_view target, Events events, std::shared_ptr<void> keep) {
        events_ = std::move(events);
        const std::string request = "GET " + std::string(target) +
                                    " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        socket_.async_connect(server, [this, request, keep = std::move(keep)](Failure failure) mutable {
            if (failure) return end("connect: " + failure.message());
            socket_.set_option(boost::asio::ip::tcp::no_delay(true), failure);
            socket_.non_blocking(true, failure);
            send(request, keep);
            read(std::move(keep));
        });
    }

    /// A text message as a frame, with a mask as a client must have one (RFC 6455, section 5.3).
    static std::string text_frame(std::string_view message) { return frame(1, message); }
    static std::string close_frame() { return frame(8, "\x03\xE8"); }

    /// Sends a whole frame; what the system does not take at once waits.
    void send(std::string_view frame, const std::shared_ptr<void>& keep) {
        if (!socket_.is_open()) return;
        std::size_t taken = 0;
        if (unsent_.empty()) {
            Failure failure;
            taken = socket_.write_some(boost::asio::buffer(frame), failure);
            if (failure && failure != boost::asio::error::would_block) return;  // reading tells why
            if (taken == frame.size()) return;
        }
        const bool waits = !unsent_.empty();
        unsent_ += frame.substr(taken);
        if (!waits) send_rest(keep);
    }

    void close() {
        Failure ignored;
        socket_.close(ignored);
    }

private:
    static std::string frame(unsigned opcode, std::string_view message) {
        static constexpr std::string_view kMask = "\x37\xFA\x21\x3D";
        std::string bytes{static_cast<char>(0x80U | opcode)};
        if (message.size() < 126) {
            bytes += static_cast<char>(0x80U | message.size());
        } else {
            bytes += static_cast<char>(0x80U | 126U);
            bytes += static_cast<char>(message.size() >> 8);
            bytes += static_cast<char>(message.size() & 0xFFU);
        }
        bytes += kMask;
        for (std::size_t i = 0; i < message.size(); ++i) bytes += static_cast<char>(message[i] ^ kMask[i % 4]);
        return bytes;
    }

    void send_rest(std::shared_ptr<void> keep) {
        socket_.async_wait(Socket::wait_write, [this, keep = std::move(keep)](Failure failure) mutable {
            if (failure || !socket_.is_open()) return;
            const std::size_t taken = socket_.write_some(boost::asio::buffer(unsent_), failure);
            unsent_.erase(0, taken);
            if (!unsent_.empty() && (!failure || failure == boost::asio::error::would_block)) send_rest(std::move(keep));
        });
    }

    void read(std::shared_ptr<void> keep) {
        socket_.async_wait(Socket::wait_read, [this, keep = std::move(keep)](Failure failure) mutable {
            if (!failure) take(failure, keep);
            if (failure) return end(failure.message());
            if (socket_.is_open()) read(std::move(keep));
        });
    }

    void take(Failure& failure, const std::shared_ptr<void>& keep) {
        // Of all callers of a thread: what is not whole yet moves into the caller's own.
        thread_local std::vector<char> there(256U << 10U);
        std::copy(part_.begin(), part_.end(), there.begin());
        const std::size_t before = part_.size();
        const std::size_t count = socket_.read_some(boost::asio::buffer(there) + before, failure);
        if (failure == boost::asio::error::would_block) return failure.clear();
        if (failure) return;
        std::string_view left(there.data(), before + count);
        if (!open_) take_answer(left);
        while (open_ && take_frame(left, keep)) {}
        part_ = left;
        if (part_.size() > there.size() / 2) end("a message that is too long for this client");
    }

    void take_answer(std::string_view& left) {
        const std::size_t end_of_head = left.find("\r\n\r\n");
        if (end_of_head == left.npos) return;
        const std::string_view head = left.substr(0, end_of_head);
        if (!head.starts_with("HTTP/1.1 101") || head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == head.npos)
            return end("no upgrade: " + std::string(head.substr(0, 100)));
        left.remove_prefix(end_of_head + 4);
        open_ = true;
        if (events_.opened) events_.opened();
    }

    /// Whether a whole frame was there.
    bool take_frame(std::string_view& left, const std::shared_ptr<void>& keep) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(left[at]); };
        if (left.size() < 2 || !socket_.is_open()) return false;
        std::size_t head = 2;
        std::uint64_t length = byte(1);
        if (length >= 126) {
            const std::size_t octets = length == 126 ? 2 : 8;
            if (left.size() < head + octets) return false;
            length = 0;
            for (std::size_t i = 0; i < octets; ++i) length = length << 8U | byte(head + i);
            head += octets;
        }
        if (left.size() - head < length) return false;
        const unsigned first = byte(0);
        const std::string_view payload = left.substr(head, length);
        left.remove_prefix(head + length);
        if (first == 0x81) {
            if (events_.message) events_.message(payload);
        } else if (first == 0x89) {
            send(frame(10, payload), keep);
        } else if (first == 0x88) {
            end("closed by the server");
        } else if (first != 0x8A) {
            end("a frame that no server of ours sends");
        }
        return true;
    }

    void end(const std::string& why) {
        const auto ended = std::exchange(events_, {}).ended;
        Failure ignored;
        socket_.close(ignored);
        if (ended) ended(why);
    }

    Socket socket_;
    Events events_;
    bool open_ = false;
    std::string part_;    ///< of a frame that is not whole yet
    std::string unsent_;
};

}  // namespace antiphon::bench
