// Between the conversation's terms and the wire's.
//
// pure. The one place that knows both call/ and protocol/.
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
    call::Session session;  ///< as last told to the client
    /// What the client asked for when the event comes in answer to it, else null: it decides the error's code.
    const protocol::ClientRequest* request = nullptr;
};

/// The wire's events for one event of the call, in order.
std::vector<protocol::ServerEvent> to_wire(const call::CallEvent& event, const WireContext& context);
protocol::OutputAudioDelta to_wire(const call::ResponsePart& part, std::span<const float> samples);
protocol::ErrorReport to_wire(const protocol::Refusal& refusal);

/// What a client left out of turn_detection stays as in `current`; where that is off, as in `defaults`.
call::SessionPatch to_patch(const protocol::SessionChanges& changes, const call::Session& current,
                            const call::TurnDetection& defaults);
think::Item to_item(const protocol::Item& item);
call::ResponseRequest to_request(const protocol::CreateResponse& request, const std::string& client_event_id);

/// The bytes of one append in the session's input format; fails with `invalid` (param "audio") when they are no
/// whole number of samples.
base::Result<std::vector<float>> to_samples(std::span<const std::uint8_t> audio);

}  // namespace antiphon::edge
