// What a client can ask for: the client events of the Realtime API, typed.
//
// pure. Values as they came over the wire and already checked; see decode.hpp.
#pragma once

#include "protocol/item.hpp"
#include "protocol/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace antiphon::protocol {

/// `dialect` is the one that the session was written in, never `open`.
struct UpdateSession { SessionChanges session; Dialect dialect = Dialect::ga; };

/// Bytes in the session's input format; whether they fit it (whole samples) is for the session to say.
struct AppendAudio { std::vector<std::uint8_t> audio; };
struct CommitAudio {};
struct ClearAudio {};

/// `previous_item_id`: none: at the end; "root": at the start.
struct CreateItem { Item item; std::optional<std::string> previous_item_id; };
struct RetrieveItem { std::string item_id; };
struct TruncateItem { std::string item_id; std::int64_t audio_end_ms = 0; };
struct DeleteItem { std::string item_id; };

struct CreateResponse {
    std::optional<std::string> instructions;
    std::optional<bool> speaks;
    std::optional<std::optional<int>> max_output_tokens;  ///< inner none: "inf"
    std::optional<std::string> voice;
    std::optional<audio::Encoding> output_encoding;
    std::optional<std::vector<Tool>> tools;
    std::optional<ToolChoice> tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::string metadata;                                 ///< a JSON object, empty if none
    bool in_conversation = true;
    std::optional<std::vector<Item>> input;
};
/// `response_id` is empty for whichever is under way.
struct CancelResponse { std::string response_id; };

/// Of the WebRTC and SIP connections only.
struct ClearOutputAudio {};

using ClientRequest = std::variant<UpdateSession, AppendAudio, CommitAudio, ClearAudio, CreateItem, RetrieveItem,
                                   TruncateItem, DeleteItem, CreateResponse, CancelResponse, ClearOutputAudio>;

struct ClientEvent {
    std::string event_id;  ///< the client's own, empty if none; named in the error that answers it
    ClientRequest request;
};

}  // namespace antiphon::protocol
