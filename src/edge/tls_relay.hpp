// TLS on a connection, for sessions that know nothing of it: they get a plain socket, whose other end is here.
//
// strand: the socket's executor, which the plain socket shares. docs/decisions/0015-tls.md says why it is a socket pair
// and not a stream of another type. A relay keeps itself alive until both its sockets are closed, which happens soon
// after either side has ended: what a session has written goes out before, then close_notify. A session that has ended
// its sending side hears no more.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/connections.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace antiphon::edge {

struct TlsLimits {
    base::milliseconds handshake{10'000};  ///< from the connection to the end of the handshake
    base::milliseconds write{30'000};      ///< a client that takes nothing for so long is cut off
};

/// Shakes hands as the server, then calls `serve` with the plain socket. A client that speaks plain HTTP is told so
/// (plain_on_tls.hpp); other garbage, and who takes too long, is closed without a word. `serve` is not called then.
void accept_tls(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context,
                TlsLimits limits, const std::shared_ptr<Connections>& connections,
                std::function<void(boost::asio::ip::tcp::socket)> serve);

/// Whom a client takes for the server.
struct TlsTrust {
    bool anybody = false;  ///< no certificate is looked at
    std::string pin;       ///< the public key that it must have (tls_pin.hpp); who vouches for it does not matter then
};

/// Shakes hands as the client, over a socket that is connected, then calls `done` with the plain socket. By default the
/// system's authorities must vouch for `host`. Fails with `invalid` for a server that is not whom `trust` wants, and
/// with `unavailable` when the handshake fails otherwise or takes too long.
void connect_tls(boost::asio::ip::tcp::socket socket, const std::string& host, const TlsTrust& trust, TlsLimits limits,
                 std::function<void(base::Result<boost::asio::ip::tcp::socket>)> done);

}  // namespace antiphon::edge
