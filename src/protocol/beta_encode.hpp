// The server's events as the beta dialect writes them. Inside this room only.
//
// pure. The beta is flat where GA nests, and has other names for the events of an answer; docs/protocol.md has
// both side by side.
#pragma once

#include "protocol/server_event.hpp"

#include <boost/json.hpp>

namespace antiphon::protocol {

/// Whether the beta knows of such a thing: it has no conversation.item.done.
bool exists_in_beta(const ServerEvent& event);

/// Turns the message that write_event() made of the event into the beta's.
void rewrite_as_beta(const ServerEvent& event, boost::json::object& message);

}  // namespace antiphon::protocol
