#include "edge/http_listener.hpp"

#include "base/asio_strand.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "edge/connections.hpp"
#include "edge/http_session.hpp"
#include "edge/tls_certificates.hpp"
#include "edge/tls_relay.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// When the process has no file handle left, accepting again at once would only spin.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};
/// Between two looks at whether a draining server has calls left.
constexpr std::chrono::milliseconds kLook{20};

base::Error unavailable(const std::string& where, const std::string& why) {
    return base::error(base::Errc::unavailable, "cannot listen on " + where + ": " + why);
}

/// Where the connections live.
struct Ground {
    asio::io_context& io;  ///< for accepting
    std::function<std::shared_ptr<base::AsioStrand>()> make_strand;
    /// Until no more is accepted: a loop may have to wait for its first connection.
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> awake;
};

/// "address:port", for logs; empty for one that has gone already.
std::string name_of_client(const tcp::socket& socket) {
    error_code gone;
    const auto endpoint = socket.remote_endpoint(gone);
    return gone ? "" : endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

/// The part that the pending operations keep alive.
class Acceptor final : public std::enable_shared_from_this<Acceptor> {
public:
    Acceptor(Ground ground, const EdgeSettings& settings, const Services& services)
        : ground_(std::move(ground)), strand_(asio::make_strand(ground_.io.get_executor())), acceptor_(strand_),
          pause_(strand_), drained_(strand_), settings_(std::make_shared<EdgeSettings>(settings)), services_(services), connections_(Connections::make()),
          uploads_(UploadPlaces::make(settings.max_uploads)) {}

    base::Result<void> listen() {
        const std::string where = settings_->host + ":" + std::to_string(settings_->port);
        error_code failure;
        tcp::resolver resolver(ground_.io);
        const auto found = resolver.resolve(settings_->host, std::to_string(settings_->port),
                                            tcp::resolver::passive | tcp::resolver::numeric_service, failure);
        if (failure || found.empty()) return unavailable(where, "the host is not known (" + failure.message() + ")");
        const tcp::endpoint endpoint = found.begin()->endpoint();
        acceptor_.open(endpoint.protocol(), failure);
        // Lets a restarted server take its port back at once; unlike SO_REUSEPORT, which must not be set, it does
        // not let two servers share it.
        if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
        if (!failure) acceptor_.bind(endpoint, failure);
        if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
        if (failure == asio::error::address_in_use) return unavailable(where, "the port is in use by another program");
        if (failure) return unavailable(where, failure.message());
        port_ = acceptor_.local_endpoint(failure).port();
        return {};
    }

    std::uint16_t port() const { return port_; }

    void accept() {
        // Each connection gets the strand that its call will live on.
        auto strand = ground_.make_strand();
        const asio::any_io_executor executor = strand->executor();
        acceptor_.async_accept(executor, [self = shared_from_this(), strand](error_code failure, tcp::socket socket) {
            if (failure == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
            if (failure) return self->pause(failure);
            error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            self->serve(std::move(socket), strand);
            self->accept();
        });
    }

    void drain(base::milliseconds within) {
        connections_->drain();
        asio::post(strand_, [self = shared_from_this(), end = base::Clock::now() + within] { self->close_when_drained(end); });
    }

    void close() {
        asio::post(strand_, [self = shared_from_this()] {
            self->closed_ = true;
            self->stop_accepting();
            self->drained_.cancel();
            self->ground_.awake.clear();
        });
        connections_->shut_down();
    }

private:
    void serve(tcp::socket socket, const std::shared_ptr<base::AsioStrand>& strand) {
        const std::string client = name_of_client(socket);
        auto talk = [self = shared_from_this(), strand, client](tcp::socket plain) {
            serve_http(std::move(plain), client, strand, self->settings_, self->services_, self->connections_, self->uploads_);
        };
        if (!services_.tls) return talk(std::move(socket));
        accept_tls(std::move(socket), services_.tls->current(), {settings_->handshake_timeout, settings_->idle_timeout},
                   connections_, std::move(talk));
    }

    void close_when_drained(base::Time end) {
        if (closed_) return;
        if (base::Clock::now() >= end) return close();
        if (services_.registry.calls() == 0) {
            if (acceptor_.is_open()) {
                stop_accepting();
                connections_->finish();
            }
            if (connections_->requests() == 0) return close();
        }
        drained_.expires_after(kLook);
        drained_.async_wait([self = shared_from_this(), end](error_code cancelled) {
            if (!cancelled) self->close_when_drained(end);
        });
    }

    void stop_accepting() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

    void pause(error_code failure) {
        base::log::warning("listener.accept_failed", {{"error", failure.message()}});
        pause_.expires_after(kPauseAfterFailure);
        pause_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (!cancelled && self->acceptor_.is_open()) self->accept();
        });
    }

    Ground ground_;
    asio::strand<asio::io_context::executor_type> strand_;
    asio::basic_socket_acceptor<tcp, asio::strand<asio::io_context::executor_type>> acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer drained_;
    const std::shared_ptr<const EdgeSettings> settings_;
    const Services& services_;
    const std::shared_ptr<Connections> connections_;
    const std::shared_ptr<UploadPlaces> uploads_;
    std::uint16_t port_ = 0;
    bool closed_ = false;
};

class Listener final : public HttpListener {
public:
    explicit Listener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}
    ~Listener() override { acceptor_->close(); }

    std::uint16_t port() const override { return acceptor_->port(); }
    void drain(base::milliseconds within) override { acceptor_->drain(within); }
    void close() override { acceptor_->close(); }

private:
    const std::shared_ptr<Acceptor> acceptor_;
};

base::Result<std::unique_ptr<HttpListener>> open_on(Ground ground, const EdgeSettings& settings,
                                                    const Services& services) {
    const auto acceptor = std::make_shared<Acceptor>(std::move(ground), settings, services);
    if (auto listening = acceptor->listen(); !listening) return listening.error();
    acceptor->accept();
    return std::unique_ptr<HttpListener>(std::make_unique<Listener>(acceptor));
}

}  // namespace

base::Result<std::unique_ptr<HttpListener>> HttpListener::open(base::IoLoops& loops, const EdgeSettings& settings,
                                                               const Services& services) {
    Ground ground{loops.at(0), [&loops] { return loops.make_strand(); }, {}};
    for (std::size_t i = 0; i < loops.count(); ++i) ground.awake.push_back(asio::make_work_guard(loops.at(i)));
    return open_on(std::move(ground), settings, services);
}

base::Result<std::unique_ptr<HttpListener>> HttpListener::open(asio::io_context& io, const EdgeSettings& settings,
                                                               const Services& services) {
    const auto make_strand = [&io] { return std::make_shared<base::AsioStrand>(io.get_executor()); };
    return open_on({io, make_strand, {}}, settings, services);
}

}  // namespace antiphon::edge
