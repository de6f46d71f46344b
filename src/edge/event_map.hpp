// Between the conversation's terms and the wire's.
//
// pure, but for ids that are made up. The one place that knows both call/ and protocol/: what the call says
// stands in event_map.cpp, what the client asks for in event_map_requests.cpp.
#pragma once

#include "base/result.hpp"
#include "call/call_event.hpp"
#include "call/response_request.hpp"
#include "call/session.hpp"
#include "protocol/client_event.hpp"
#include "protocol/decode.hpp"
#include "protocol/server_event.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace antiphon::edge {

/// What the wire's events say beyond the call's own.
struct WireContext {
    call::Session session;         ///< as last told to the client
    protocol::WireSettings wire;   ///< what the session shows and the call does not know
    protocol::Dialect dialect = protocol::Dialect::open;
    std::string conversation_id;   ///< "conv_...", of responses that are part of the conversation
    bool plays_sound = false;      ///< whether output_audio_buffer.started and the like are sent
    /// What the client asked for when the event comes in answer to it, else null: it decides the error's code.
    const protocol::ClientRequest* request = nullptr;
};

/// The wire's events for one event of the call, in order.
std::vector<protocol::ServerEvent> to_wire(const call::CallEvent& event, const WireContext& context);
/// `sound` is in the session's output format.
protocol::OutputAudioDelta to_wire(const call::ResponsePart& part, std::vector<std::uint8_t> sound);
protocol::ErrorReport to_wire(const protocol::Refusal& refusal);

/// What a client left out of turn_detection stays as in the context's session; where that is off, as in `defaults`.
/// Fails with `invalid` when the tool that must be used is none of the session's.
base::Result<call::SessionPatch> to_patch(const protocol::SessionChanges& changes, const WireContext& context,
                                          const call::TurnDetection& defaults);

/// Sound in the item is in `encoding`; a function call without an id gets one. Fails with `invalid` when the sound
/// is no whole number of samples; `path` is where the item stands in the event, for the error's param.
base::Result<think::Item> to_item(const protocol::Item& item, audio::Encoding encoding, const std::string& path);

/// Fails like to_item(); with `invalid` for a tool_choice that cannot be met; with `unsupported` for an output format
/// other than the session's.
base::Result<call::ResponseRequest> to_request(const protocol::CreateResponse& request, const WireContext& context,
                                               const std::string& client_event_id);

/// The bytes of one append in that encoding; fails with `invalid` (param "audio") when they are no whole number of
/// samples.
base::Result<std::vector<float>> to_samples(std::span<const std::uint8_t> bytes, audio::Encoding encoding);

}  // namespace antiphon::edge
