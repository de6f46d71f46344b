// The socket below a WebSocket: what is to be sent at one moment goes out in one write.
//
// strand: the socket's executor. An answer begins with a dozen events at once; a write for each, with its own wake-up
// of the client, would take longer than making them. Beast writes one message at a time, so the messages pass it by:
// put() frames them, and they wait in one line with what Beast writes by itself (the answer to the upgrade, pings,
// pongs, closes). Whoever uses put() must not do so after a close.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::edge {

class FrameSocket {
public:
    using next_layer_type = boost::asio::ip::tcp::socket;
    using executor_type = next_layer_type::executor_type;
    using Failure = boost::system::error_code;

    explicit FrameSocket(next_layer_type socket) : socket_(std::move(socket)) {}

    /// Before the first put(). `written` is called after each write, successful or not, while the owner, in whom this
    /// socket lives, is still there.
    void belong_to(std::weak_ptr<void> owner, std::function<void(Failure)> written) {
        owner_ = std::move(owner);
        written_ = std::move(written);
    }

    /// Queues a whole message as one frame, unmasked, as servers send it (RFC 6455, section 5.2).
    void put(std::string_view message, bool binary);

    /// Bytes that wait to be sent or are on their way.
    std::size_t waiting() const { return waiting_; }

    /// Forgets what is not on its way yet.
    void drop_waiting();

    // What Beast asks of a stream.

    executor_type get_executor() { return socket_.get_executor(); }
    next_layer_type& next_layer() { return socket_; }
    const next_layer_type& next_layer() const { return socket_; }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return socket_.async_read_some(buffers, std::forward<Token>(token));
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(Failure, std::size_t)>(
            [this](auto handler, const Buffers& bytes) {
                Chunk chunk;
                for (auto part = boost::asio::buffer_sequence_begin(bytes); part != boost::asio::buffer_sequence_end(bytes); ++part) {
                    const boost::asio::const_buffer piece(*part);
                    chunk.bytes.append(static_cast<const char*>(piece.data()), piece.size());
                }
                const std::size_t size = boost::asio::buffer_size(bytes);
                using Handler = decltype(handler);
                chunk.waiters.push_back(std::make_unique<Waiter<Handler>>(std::move(handler), size));
                queue(std::move(chunk));
            },
            token, buffers);
    }

private:
    struct AnyWaiter {
        virtual ~AnyWaiter() = default;
        virtual void tell(const executor_type& executor, Failure failure) = 0;
    };
    template <typename Handler>
    struct Waiter final : AnyWaiter {
        Waiter(Handler to_call, std::size_t bytes) : handler(std::move(to_call)), size(bytes) {}
        void tell(const executor_type& executor, Failure failure) override {
            boost::asio::post(executor, boost::beast::bind_front_handler(std::move(handler), failure, failure ? 0 : size));
        }
        Handler handler;
        std::size_t size;
    };
    /// What goes out in one write.
    struct Chunk {
        std::string bytes;
        std::vector<std::unique_ptr<AnyWaiter>> waiters;
    };
    /// A write that is under way and what is to follow it. Its operation owns it, and with it the handlers, which own
    /// Beast's part of all this: were they kept here, a loop that ends early would leave them to each other.
    struct Flight {
        std::shared_ptr<void> owner;
        Chunk chunk;
        std::size_t sent = 0;
        std::vector<Chunk> line;
    };

    void queue(Chunk chunk);
    void write(std::unique_ptr<Flight> flight);
    void on_write(std::unique_ptr<Flight> flight, Failure failure, std::size_t count);

    next_layer_type socket_;
    std::weak_ptr<void> owner_;
    std::function<void(Failure)> written_;
    Flight* flight_ = nullptr;  ///< none when nothing is being written
    std::string spare_;         ///< memory for the next message
    std::size_t waiting_ = 0;
};

// Beast finds these by their argument.

inline void beast_close_socket(FrameSocket& socket) {
    FrameSocket::Failure ignored;
    socket.next_layer().close(ignored);
}
inline void teardown(boost::beast::role_type role, FrameSocket& socket, FrameSocket::Failure& failure) {
    boost::beast::websocket::teardown(role, socket.next_layer(), failure);
}
template <typename Handler>
void async_teardown(boost::beast::role_type role, FrameSocket& socket, Handler&& handler) {
    boost::beast::websocket::async_teardown(role, socket.next_layer(), std::forward<Handler>(handler));
}

}  // namespace antiphon::edge
