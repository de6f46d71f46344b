// What the request that opens the Realtime WebSocket says about the wire to be spoken on it.
//
// pure.
#pragma once

#include "base/result.hpp"
#include "edge/resume_from.hpp"
#include "edge/routes.hpp"
#include "protocol/session.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace antiphon::edge {

/// How a session speaks with its client.
struct WireStart {
    protocol::Dialect dialect = protocol::Dialect::open;
    /// Begins as a transcription session (?intent=transcription).
    bool transcription = false;
    /// The sound is played from here (WebRTC), so the client is told of it by output_audio_buffer.*.
    bool plays_sound = false;
};

struct Handshake {
    /// The one to answer with, empty for none: "realtime" wherever it is offered. Browsers put their keys and
    /// versions into further ones and fail the connection when none of theirs is answered; keys never are.
    std::string subprotocol;
    WireStart wire;
};

/// `subprotocols` and `beta` are the headers Sec-WebSocket-Protocol and OpenAI-Beta, empty if absent. Of the beta
/// dialect speak: the header, the subprotocol openai-beta.realtime-v1, and ?api-key=, which only the beta client
/// appends.
Handshake read_handshake(std::string_view subprotocols, std::string_view beta, const Target& target);

/// What ?call_id= asks for: to take the call over with ?resume=TOKEN, else to watch it.
struct JoinWish {
    std::string call_id;
    std::optional<std::string> resume_token;
    ResumeFrom from;  ///< ?last_event_id=, ?after_binary=
};

/// `invalid` when after_binary is no number from 0 to a million, or an id or the token is longer than 256 bytes.
base::Result<JoinWish> read_join(const Target& target);

}  // namespace antiphon::edge
