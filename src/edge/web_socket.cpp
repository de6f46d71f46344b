#include "edge/web_socket.hpp"

#include "edge/frame_socket.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

/// For a client that does not answer a close or stays on after it, and for one that does not read what it asked for.
constexpr std::chrono::seconds kClosePatience{2};
constexpr std::chrono::seconds kReadPatience{5};
/// A read buffer that one large message has grown is not kept.
constexpr std::size_t kKeptBuffer = 256U << 10U;

class WebSocket final : public MessageChannel, public std::enable_shared_from_this<WebSocket> {
public:
    WebSocket(asio::ip::tcp::socket socket, UpgradeRequest request, const EdgeSettings& settings)
        : stream_(std::move(socket)), patience_(stream_.get_executor()), max_queued_(settings.max_queued) {
        stream_.set_option(websocket::stream_base::timeout{settings.handshake_timeout, settings.idle_timeout, true});
        stream_.set_option(websocket::stream_base::decorator(
            [subprotocol = std::move(request.subprotocol)](websocket::response_type& response) {
                response.set(http::field::server, "antiphon");
                if (!subprotocol.empty()) response.set(http::field::sec_websocket_protocol, subprotocol);
            }));
        stream_.read_message_max(settings.max_message);
        stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {
            if (kind == websocket::frame_type::close) on_close();
        });

        upgrade_.method(http::verb::get);
        upgrade_.version(11);
        upgrade_.target(request.target);
        upgrade_.set(http::field::host, request.host);
        upgrade_.set(http::field::connection, "upgrade");
        upgrade_.set(http::field::upgrade, "websocket");
        upgrade_.set(http::field::sec_websocket_version, "13");
        upgrade_.set(http::field::sec_websocket_key, request.key);
    }

    void start(std::shared_ptr<ChannelUser> user) {
        user_ = std::move(user);
        stream_.next_layer().belong_to(weak_from_this(), [this](error_code failure) { on_written(failure); });
        stream_.async_accept(upgrade_, beast::bind_front_handler(&WebSocket::on_accept, shared_from_this()));
    }

    void next() override {
        if (!open_) return;
        if (!drained()) return hold_back();
        stream_.async_read(in_, beast::bind_front_handler(&WebSocket::on_read, shared_from_this()));
    }

    void send(std::string message) override { put(message, false); }

    void send_binary(std::span<const std::uint8_t> bytes) override {
        put({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, true);
    }

    void close(CloseCode code, std::string_view reason) override { close(code, reason, ChannelEnd::closed_by_server); }

private:
    void put(std::string_view message, bool binary) {
        if (!open_) return;
        if (stream_.next_layer().waiting() > max_queued_) return give_up_on_slow_client();
        stream_.next_layer().put(message, binary);
    }

    void on_accept(error_code failure) {
        if (failure) return end(ChannelEnd::handshake_failed);
        if (end_) return begin_close();  // close() came first
        open_ = true;
        if (const auto user = user_) user->opened();
    }

    void on_read(error_code failure, std::size_t) {
        if (failure) {
            if (!end_) patience_.cancel();  // of on_close(); a close of ours goes on
            return end(reason_of(failure));
        }
        // The message leaves the buffer first: the user may ask for the next one at any time.
        swap(in_, message_);
        in_.clear();
        const auto user = user_;
        if (!open_ || !user) return;  // the close that is under way reads on by itself
        if (stream_.got_text()) user->received({static_cast<const char*>(message_.cdata().data()), message_.size()});
        else user->received_binary({static_cast<const std::uint8_t*>(message_.cdata().data()), message_.size()});
        message_.clear();
        if (message_.capacity() > kKeptBuffer) message_.shrink_to_fit();
    }

    /// The client's close has come, amidst a read, which answers it and then waits until the client has gone.
    /// The call does not wait for that.
    void on_close() {
        if (!open_) return;
        wait_for_close();
        end(ChannelEnd::closed_by_client);
    }

    static ChannelEnd reason_of(error_code failure) {
        if (failure == websocket::error::closed) return ChannelEnd::closed_by_client;
        if (failure == websocket::error::message_too_big) return ChannelEnd::message_too_big;
        if (failure == websocket::condition::protocol_violation) return ChannelEnd::protocol_violated;
        if (failure == beast::error::timeout) return ChannelEnd::timed_out;
        return ChannelEnd::vanished;
    }

    void on_written(error_code failure) {
        if (!open_) return;
        // Nothing more will come through; a read that is under way ends with the socket and says so.
        if (failure) return hang_up();
        if (!holding_back_ || !drained()) return;
        holding_back_ = false;
        patience_.cancel();
        next();
    }

    /// Whether the client may ask for more.
    bool drained() const { return stream_.next_layer().waiting() <= max_queued_ / 2; }

    /// Nothing more is read from a client until it has read what it asked for.
    void hold_back() {
        holding_back_ = true;
        patience_.expires_after(kReadPatience);
        patience_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (!cancelled && self->open_ && self->holding_back_) self->give_up_on_slow_client();
        });
    }

    void give_up_on_slow_client() {
        // What is on its way cannot be taken back.
        stream_.next_layer().drop_waiting();
        close(CloseCode::policy_violation, "the client does not read", ChannelEnd::too_slow);
        // The close may take its time behind what is not read; the call ends now.
        asio::post(stream_.get_executor(), [self = shared_from_this()] { self->end(ChannelEnd::too_slow); });
    }

    void close(CloseCode code, std::string_view reason, ChannelEnd why) {
        if (end_) return;
        end_ = why;
        close_reason_.code = static_cast<std::uint16_t>(code);
        close_reason_.reason.assign(reason.data(), reason.size());
        if (!open_) return;  // on_accept goes on
        begin_close();
    }

    void begin_close() {
        open_ = false;
        wait_for_close();
        stream_.async_close(close_reason_, [self = shared_from_this()](error_code) {
            self->patience_.cancel();
            self->end(ChannelEnd::closed_by_server);
        });
    }

    void wait_for_close() {
        patience_.expires_after(kClosePatience);
        patience_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (!cancelled) self->hang_up();
        });
    }

    void hang_up() {
        error_code ignored;
        beast::get_lowest_layer(stream_).close(ignored);
    }

    void end(ChannelEnd why) {
        open_ = false;
        if (const auto user = std::exchange(user_, nullptr)) user->ended(end_.value_or(why));
    }

    websocket::stream<FrameSocket, false> stream_;
    asio::steady_timer patience_;  ///< with a client that is held back, later with the close
    http::request<http::empty_body> upgrade_;
    std::shared_ptr<ChannelUser> user_;  ///< none after the end
    beast::flat_buffer in_;
    beast::flat_buffer message_;  ///< what the user is just being given
    bool open_ = false;
    bool holding_back_ = false;  ///< the next message is wanted but not asked for yet
    std::optional<ChannelEnd> end_;  ///< why this side closes
    websocket::close_reason close_reason_;

    const std::size_t max_queued_;
};

}  // namespace

void open_web_socket(asio::ip::tcp::socket socket, UpgradeRequest request, const EdgeSettings& settings,
                     const std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)>& make_user) {
    const auto channel = std::make_shared<WebSocket>(std::move(socket), std::move(request), settings);
    channel->start(make_user(channel));
}

}  // namespace antiphon::edge
