// The short way for input_audio_buffer.append, which comes fifty times in each second of each call.
//
// pure.
#pragma once

#include "protocol/client_event.hpp"

#include <optional>
#include <string_view>

namespace antiphon::protocol {

/// The event, when the message is an append as every client writes it: an object of "type", "audio" and perhaps
/// "event_id", each once and in any order, all of them strings without an escape, and the sound well-formed base64.
/// None for whatever else: that is for the JSON parser to read or to refuse, which reads these the same.
std::optional<ClientEvent> read_plain_append(std::string_view message);

}  // namespace antiphon::protocol
