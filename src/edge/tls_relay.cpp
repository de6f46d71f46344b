#include "edge/tls_relay.hpp"

#include "edge/plain_on_tls.hpp"
#include "edge/tls_pin.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

/// How long a client may take to close after we have.
constexpr std::chrono::seconds kLinger{2};
/// TLS carries at most so much in one record.
constexpr std::size_t kPiece = 16U << 10U;
/// Of each direction of the pair: as much as a session's sound of a second. The kernel's own default would hide a slow
/// client from its session for longer.
constexpr int kPairBuffer = 64 << 10;
/// The first byte of a TLS handshake (RFC 8446, 5.1).
constexpr char kHandshakeRecord = 0x16;

/// Two connected sockets of this process: ours, and one that a session takes for its client's. It only reads, writes,
/// shuts down and closes it, which is the same for every stream socket.
struct Pair {
    asio::local::stream_protocol::socket ours;
    tcp::socket theirs;

    static base::Result<Pair> make(const asio::any_io_executor& executor) {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
            return base::error(base::Errc::unavailable,
                               "no further socket can be opened: " + std::generic_category().message(errno));
        for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kPairBuffer, sizeof kPairBuffer);
        return Pair{asio::local::stream_protocol::socket(executor, asio::local::stream_protocol(), ends[0]),
                    tcp::socket(executor, tcp::v4(), ends[1])};
    }
};

class Relay final : public Connection, public std::enable_shared_from_this<Relay> {
public:
    Relay(tcp::socket socket, std::shared_ptr<ssl::context> context, TlsLimits limits)
        : context_(std::move(context)),
          stream_(std::move(socket), *context_),
          inner_(stream_.get_executor()),
          patience_(stream_.get_executor()),
          limits_(limits) {}

    ssl::stream<tcp::socket>& stream() { return stream_; }

    void enter(const std::shared_ptr<Connections>& connections) { entry_ = connections->add(shared_from_this()); }

    /// After the handshake the session behind the pair is told by itself, and we end with it.
    void shut_down() override {
        asio::post(stream_.get_executor(), [self = shared_from_this()] {
            if (!self->inner_.is_open()) self->close();
        });
    }

    /// The server's side. `serve` is dropped when no handshake comes to its end.
    void accept(std::function<void(tcp::socket)> serve) {
        serve_ = std::move(serve);
        limit(limits_.handshake);
        look();
    }

    void shake_hands(ssl::stream_base::handshake_type side, std::function<void(error_code)> done) {
        limit(limits_.handshake);
        stream_.async_handshake(side, [self = shared_from_this(), done = std::move(done)](error_code failure) {
            if (!failure && self->stream_.lowest_layer().is_open()) return done(failure);
            const bool late = !self->stream_.lowest_layer().is_open();
            self->close();
            done(late ? error_code(asio::error::timed_out) : failure);
        });
    }

    /// After the handshake: opens the pair and begins to relay.
    base::Result<tcp::socket> begin() {
        no_limit();
        auto pair = Pair::make(stream_.get_executor());
        if (!pair) {
            close();
            return pair.error();
        }
        inner_ = std::move(pair->ours);
        read_outer();
        read_inner();
        return std::move(pair->theirs);
    }

    void close() {
        patience_.cancel();
        error_code ignored;
        stream_.lowest_layer().close(ignored);
        inner_.close(ignored);
    }

private:
    /// TLS, or a client that knows nothing of it?
    void look() {
        stream_.next_layer().async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code failure) {
            if (failure) return self->close();
            char first = 0;
            const auto there = ::recv(self->stream_.next_layer().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
            if (there < 0 && (errno == EAGAIN || errno == EINTR)) return self->look();
            if (there <= 0) return self->close();
            if (first != kHandshakeRecord) return self->read_plain();
            self->shake_hands(ssl::stream_base::server, [self](error_code broken) { self->on_accepted(broken); });
        });
    }

    void on_accepted(error_code failure) {
        const auto serve = std::exchange(serve_, nullptr);
        if (failure) return;
        if (auto plain = begin()) serve(std::move(*plain));
    }

    void read_plain() {
        asio::async_read_until(stream_.next_layer(), asio::dynamic_buffer(head_, kMaxPlainHead), "\r\n\r\n",
                               [self = shared_from_this()](error_code failure, std::size_t) {
                                   // A head that is too long is answered by what of it is known.
                                   if (failure && failure != asio::error::not_found) return self->close();
                                   self->head_ = answer_to_plain_http(self->head_);
                                   if (self->head_.empty()) return self->close();
                                   self->write_plain();
                               });
    }

    void write_plain() {
        asio::async_write(stream_.next_layer(), asio::buffer(head_),
                          [self = shared_from_this()](error_code failure, std::size_t) {
                              if (failure) return self->close();
                              error_code ignored;
                              self->stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
                              self->limit(kLinger);
                              self->drain();
                          });
    }

    void drain() {
        stream_.next_layer().async_read_some(asio::buffer(from_inside_),
                                             [self = shared_from_this()](error_code failure, std::size_t) {
                                                 if (failure) return self->close();
                                                 self->drain();
                                             });
    }

    // From the client to the session.

    void read_outer() {
        stream_.async_read_some(asio::buffer(from_outside_),
                                [self = shared_from_this()](error_code failure, std::size_t count) {
                                    if (failure) return self->outer_ended(failure);
                                    asio::async_write(self->inner_, asio::buffer(self->from_outside_, count),
                                                      [self](error_code broken, std::size_t) {
                                                          // The session has closed; what it still had to say is on its
                                                          // way.
                                                          if (!broken) self->read_outer();
                                                      });
                                });
    }

    void outer_ended(error_code failure) {
        // Many clients close without close_notify. Nothing is made of a request that came only in part.
        if (failure != asio::error::eof && failure != ssl::error::stream_truncated) return close();
        error_code ignored;
        inner_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
    }

    // From the session to the client.

    void read_inner() {
        inner_.async_read_some(asio::buffer(from_inside_),
                               [self = shared_from_this()](error_code failure, std::size_t count) {
                                   if (failure) return self->inner_ended();
                                   self->limit(self->limits_.write);
                                   asio::async_write(self->stream_, asio::buffer(self->from_inside_, count),
                                                     [self](error_code broken, std::size_t) {
                                                         if (broken) return self->close();
                                                         self->no_limit();
                                                         self->read_inner();
                                                     });
                               });
    }

    /// All that the session had to say is with the client. Its end goes out as well; what the client still sends is
    /// taken for a while and dropped, because with bytes unread the kernel would reset the connection, and the last
    /// answer could be lost.
    void inner_ended() {
        limit(kLinger);
        // Waiting for the client's own close_notify is no use: OpenSSL takes data before it for a fault.
        SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
        stream_.async_shutdown([self = shared_from_this()](error_code failure) {
            if (failure) return self->close();
            error_code ignored;
            self->stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
            self->drain();
        });
    }

    void limit(base::Duration time) {
        patience_.expires_after(time);
        patience_.async_wait([self = shared_from_this()](error_code cancelled) {
            // One that had gone off already when the limit was lifted does not count.
            if (!cancelled && self->patience_.expiry() <= base::Clock::now()) self->close();
        });
    }

    void no_limit() { patience_.expires_at(base::Time::max()); }

    const std::shared_ptr<ssl::context> context_;
    ssl::stream<tcp::socket> stream_;
    asio::local::stream_protocol::socket inner_;  ///< open from the end of the handshake on
    asio::steady_timer patience_;                 ///< with the handshake, then each write, then the end
    const TlsLimits limits_;
    std::function<void(tcp::socket)> serve_;
    ConnectionEntry entry_;
    std::string head_;  ///< of a client that speaks plain HTTP, then the answer to it
    std::array<char, kPiece> from_outside_{};
    std::array<char, kPiece> from_inside_{};  ///< at the end: what is dropped
};

base::Error refusal_of(SSL* native, error_code failure) {
    const auto unavailable = [](const std::string& text) {
        return base::error(base::Errc::unavailable, text, "server");
    };
    if (failure == asio::error::timed_out) return unavailable("the server did not finish the TLS handshake in time");
    if (const long verdict = SSL_get_verify_result(native); verdict != X509_V_OK)
        return base::error(
            base::Errc::invalid,
            std::string("the server's certificate is not trusted: ") + X509_verify_cert_error_string(verdict),
            "server");
    if (failure == asio::error::eof || failure == ssl::error::stream_truncated ||
        failure == asio::error::connection_reset)
        return unavailable("the server closed the connection during the TLS handshake");
    return unavailable("the TLS handshake failed: " + failure.message());
}

bool is_address(const std::string& host) {
    error_code failure;
    asio::ip::make_address(host, failure);
    return !failure;
}

}  // namespace

void accept_tls(tcp::socket socket, std::shared_ptr<ssl::context> context, TlsLimits limits,
                const std::shared_ptr<Connections>& connections, std::function<void(tcp::socket)> serve) {
    const auto relay = std::make_shared<Relay>(std::move(socket), std::move(context), limits);
    relay->enter(connections);
    asio::dispatch(relay->stream().get_executor(),
                   [relay, serve = std::move(serve)]() mutable { relay->accept(std::move(serve)); });
}

void connect_tls(tcp::socket socket, const std::string& host, const TlsTrust& trust, TlsLimits limits,
                 std::function<void(base::Result<tcp::socket>)> done) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    error_code ignored;
    context->set_default_verify_paths(ignored);
    const auto relay = std::make_shared<Relay>(std::move(socket), std::move(context), limits);
    auto& stream = relay->stream();
    if (trust.anybody || !trust.pin.empty()) {
        stream.set_verify_mode(ssl::verify_none);
    } else {
        stream.set_verify_mode(ssl::verify_peer);
        stream.set_verify_callback(ssl::host_name_verification(host));
    }
    if (!is_address(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    relay->shake_hands(ssl::stream_base::client, [relay, pin = trust.pin, done = std::move(done)](error_code failure) {
        SSL* native = relay->stream().native_handle();
        if (failure) return done(refusal_of(native, failure));
        if (!pin.empty()) {
            const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(native), &X509_free);
            const std::string has = shown ? public_key_pin(*shown) : "no key";
            if (has != pin) {
                relay->close();
                return done(base::error(base::Errc::invalid,
                                        "the server has another public key than the one given: " + has, "server"));
            }
        }
        done(relay->begin());
    });
}

}  // namespace antiphon::edge
