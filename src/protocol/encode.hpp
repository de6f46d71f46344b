// Writes the server's events as JSON.
//
// pure. The shapes are those of the Realtime API, field for field; tests/wire holds them against the official
// client's own types, in both dialects.
#pragma once

#include "protocol/server_event.hpp"

#include <string>
#include <string_view>

namespace antiphon::protocol {

/// One event as a message: a JSON object that begins with "type" and "event_id". Text in the event that is not
/// well-formed UTF-8 comes out with U+FFFD in place of what is malformed. Empty for an event that the dialect does
/// not have (conversation.item.done in beta); the `open` dialect is written as GA.
std::string encode(const ServerEvent& event, std::string_view event_id, Dialect dialect = Dialect::ga);

}  // namespace antiphon::protocol
