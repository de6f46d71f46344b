// Reads the events of a client.
//
// pure. Everything that comes over the wire is checked here: JSON (at most 32 levels deep, memory bounded by
// the message's own size), types, ranges, base64. Nothing throws. Unknown fields are refused in session and
// response, where a mistyped setting would otherwise be silently without effect, and ignored elsewhere.
// docs/protocol.md lists what is taken, what is ignored and what is refused.
//
// In the `open` dialect the first session.update tells which one the client speaks: UpdateSession says what it was.
// Until then everything else is read as GA.
#pragma once

#include "base/error.hpp"
#include "protocol/client_event.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace antiphon::protocol {

/// Why a message was refused, as the "error" event says it.
struct Refusal {
    std::string code;      ///< for example "invalid_json", "unknown_event", "invalid_type", "invalid_value"
    base::Error error;     ///< `invalid` or `unsupported`; param is the field's path, for example "session.type"
    std::string event_id;  ///< the client's event_id if there was one to read, else empty
};

std::variant<ClientEvent, Refusal> decode(std::string_view message, Dialect dialect = Dialect::ga);

/// The types of all events that decode() knows.
std::span<const std::string_view> client_event_types();

}  // namespace antiphon::protocol
