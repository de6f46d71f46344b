#include "app/caller_connection.hpp"

#include "app/caller_event.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace antiphon::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::size_t kMostUnsent = 1000;  ///< 20 s of 20 ms frames
constexpr std::size_t kMostUnread = 10'000;
constexpr std::size_t kLongestMessage = 16U << 20U;
constexpr base::milliseconds kGoodbye{1000};

}  // namespace

/// Everything below the mutex is shared with the caller's thread; the rest belongs to the socket's thread.
class CallerConnection::Socket {
public:
    Socket(CallerAddress address, base::Duration timeout, edge::TlsTrust trust, std::string key)
        : address_(std::move(address)), trust_(std::move(trust)), key_(std::move(key)), timeout_(timeout), stream_(io_), resolver_(io_), timer_(io_) {
        timer_.expires_after(timeout);
        timer_.async_wait([this](beast::error_code failure) {
            if (!failure) give_up("cannot reach " + address_.authority() + ": no answer in time");
        });
        resolver_.async_resolve(address_.host, address_.port, [this](beast::error_code failure, const auto& found) {
            if (failure) return give_up("cannot reach " + address_.authority() + ": " + failure.message());
            connect(found);
        });
        thread_ = std::thread([this] { io_.run(); });
    }

    ~Socket() {
        asio::post(io_, [this] { say_goodbye(); });
        thread_.join();
    }

    base::Result<void> wait_until_open() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_ || failure_; });
        // A connection that was open and is lost by now fails at the first receive().
        if (!open_) return base::error(not_found_ ? base::Errc::not_found : base::Errc::unavailable, *failure_, "server");
        return {};
    }

    void send(std::string text) {
        asio::post(io_, [this, message = std::move(text)]() mutable {
            if (ended_) return;
            if (unsent_.size() >= kMostUnsent) return give_up("the server takes no more of what we send");
            unsent_.push_back(std::move(message));
            if (unsent_.size() == 1) write();
        });
    }

    base::Result<std::optional<Message>> receive(base::Time until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return !unread_.empty() || failure_; });
        if (unread_.empty()) {
            if (failure_) return base::error(base::Errc::unavailable, *failure_, "server");
            return std::optional<Message>{};
        }
        std::optional<Message> next = std::move(unread_.front());
        unread_.pop_front();
        return next;
    }

private:
    void connect(const asio::ip::tcp::resolver::results_type& found) {
        asio::async_connect(beast::get_lowest_layer(stream_).socket(), found,
                            [this](beast::error_code failure, const asio::ip::tcp::endpoint&) {
                                if (failure)
                                    return give_up("cannot reach " + address_.authority() + ": " + failure.message());
                                beast::error_code ignored;
                                beast::get_lowest_layer(stream_).socket().set_option(asio::ip::tcp::no_delay(true),
                                                                                     ignored);
                                if (address_.secure) return secure();
                                shake_hands();
                            });
    }

    /// The WebSocket goes on over a plain socket, behind which TLS is spoken.
    void secure() {
        auto& socket = beast::get_lowest_layer(stream_).socket();
        const auto limit = std::chrono::duration_cast<base::milliseconds>(timeout_);
        edge::connect_tls(std::move(socket), address_.host, trust_, {limit, limit},
                          [this](base::Result<asio::ip::tcp::socket> plain) {
                              if (ended_) return;
                              if (!plain) return give_up("cannot reach " + address_.authority() + ": " + plain.error().text);
                              beast::get_lowest_layer(stream_).socket() = std::move(*plain);
                              shake_hands();
                          });
    }

    void shake_hands() {
        // Our own timer is the one that counts; the stream's would outlive a failed handshake by its whole length.
        stream_.set_option(
            websocket::stream_base::timeout{websocket::stream_base::none(), websocket::stream_base::none(), false});
        stream_.set_option(websocket::stream_base::decorator(
            [key = key_](websocket::request_type& request) {
                request.set(beast::http::field::user_agent, "antiphon-call");
                if (!key.empty()) request.set(beast::http::field::authorization, "Bearer " + key);
            }));
        stream_.read_message_max(kLongestMessage);
        stream_.async_handshake(response_, address_.authority(), address_.target, [this](beast::error_code failure) {
            if (failure == websocket::error::upgrade_declined) {
                {
                    const std::scoped_lock lock(mutex_);
                    not_found_ = response_.result() == beast::http::status::not_found;
                }
                return give_up("the server refused the call (HTTP " + std::to_string(response_.result_int()) +
                               "): " + refusal_text(response_.body()));
            }
            if (failure) return give_up(address_.authority() + " does not speak WebSocket: " + failure.message());
            timer_.cancel();
            if (ended_) return;
            {
                const std::scoped_lock lock(mutex_);
                open_ = true;
            }
            changed_.notify_all();
            read();
        });
    }

    void read() {
        stream_.async_read(incoming_, [this](beast::error_code failure, std::size_t) {
            if (failure) return lost(failure);
            Message message{beast::buffers_to_string(incoming_.data()), base::Clock::now()};
            incoming_.clear();
            bool full = false;
            {
                const std::scoped_lock lock(mutex_);
                full = unread_.size() >= kMostUnread;
                if (!full) unread_.push_back(std::move(message));
            }
            changed_.notify_all();
            if (full) return give_up("the server sends faster than its events can be read");
            read();
        });
    }

    void write() {
        stream_.text(true);
        stream_.async_write(asio::buffer(unsent_.front()), [this](beast::error_code failure, std::size_t) {
            if (failure) return lost(failure);
            unsent_.pop_front();
            if (!unsent_.empty()) return write();
            if (leaving_) close();
        });
    }

    void lost(beast::error_code failure) {
        if (failure != websocket::error::closed) return give_up("the connection was lost: " + failure.message());
        std::string why = "the server ended the call (close code " + std::to_string(stream_.reason().code) + ")";
        if (stream_.reason().reason.size() != 0)
            why += ": " + std::string(stream_.reason().reason.data(), stream_.reason().reason.size());
        give_up(std::move(why));
    }

    /// Ends everything; what had arrived can still be read.
    void give_up(std::string why) {
        if (ended_) return;
        ended_ = true;
        {
            const std::scoped_lock lock(mutex_);
            failure_ = std::move(why);
        }
        changed_.notify_all();
        resolver_.cancel();
        timer_.cancel();
        beast::error_code ignored;
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }

    void say_goodbye() {
        if (ended_) return;
        leaving_ = true;
        timer_.expires_after(kGoodbye);
        timer_.async_wait([this](beast::error_code failure) {
            if (!failure) give_up("the server did not answer our goodbye");
        });
        if (unsent_.empty()) close();
    }

    void close() {
        stream_.async_close(websocket::close_code::normal, [this](beast::error_code) { give_up("the call is over"); });
    }

    const CallerAddress address_;
    const edge::TlsTrust trust_;
    const std::string key_;
    const base::Duration timeout_;
    asio::io_context io_{1};
    websocket::stream<beast::tcp_stream> stream_;
    asio::ip::tcp::resolver resolver_;
    asio::steady_timer timer_;
    websocket::response_type response_;
    beast::flat_buffer incoming_;
    std::deque<std::string> unsent_;  ///< the first one is being written
    bool leaving_ = false;
    bool ended_ = false;
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Message> unread_;
    bool open_ = false;
    bool not_found_ = false;
    std::optional<std::string> failure_;
};

CallerConnection::CallerConnection(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}
CallerConnection::~CallerConnection() = default;

base::Result<std::unique_ptr<CallerConnection>> CallerConnection::open(const CallerAddress& address,
                                                                       base::Duration timeout,
                                                                       const edge::TlsTrust& trust,
                                                                       const std::string& key) {
    auto socket = std::make_unique<Socket>(address, timeout, trust, key);
    if (auto opened = socket->wait_until_open(); !opened) return opened.error();
    return std::unique_ptr<CallerConnection>(new CallerConnection(std::move(socket)));
}

void CallerConnection::send(std::string text) { socket_->send(std::move(text)); }

base::Result<std::optional<CallerConnection::Message>> CallerConnection::receive(base::Time until) {
    return socket_->receive(until);
}

}  // namespace antiphon::app
