// A message channel over a WebSocket (RFC 6455), without compression.
//
// strand: the socket's executor.
#pragma once

#include "edge/edge_settings.hpp"
#include "edge/message_channel.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>

namespace antiphon::edge {

/// What of the HTTP request that asked for the WebSocket is needed to answer it.
struct UpgradeRequest {
    std::string target;
    std::string host;
    std::string key;           ///< Sec-WebSocket-Key
    std::string subprotocol;   ///< the one to answer with, empty for none
};

/// Answers the upgrade and runs the channel. `make_user` is called at once with the channel and gives its user,
/// which the channel then keeps alive until after ended(). The channel keeps itself alive until its last socket
/// operation is over.
void open_web_socket(boost::asio::ip::tcp::socket socket, UpgradeRequest request, const EdgeSettings& settings,
                     const std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)>& make_user);

}  // namespace antiphon::edge
