// One HTTP connection: answers requests until it is closed or becomes a WebSocket.
//
// strand: the socket's executor.
#pragma once

#include "base/asio_strand.hpp"
#include "edge/connections.hpp"
#include "edge/edge_settings.hpp"
#include "edge/services.hpp"
#include "edge/upload_places.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>

namespace antiphon::edge {

/// Serves the connection, which keeps itself alive; `client` is its address, for the log. The socket's executor must be the strand's, which a call on
/// this connection then shares. `services` must outlive the io_context's run.
void serve_http(boost::asio::ip::tcp::socket socket, std::string client, std::shared_ptr<base::AsioStrand> strand,
                std::shared_ptr<const EdgeSettings> settings, const Services& services,
                const std::shared_ptr<Connections>& connections, const std::shared_ptr<UploadPlaces>& uploads);

}  // namespace antiphon::edge
