// The nested objects of server events as JSON. Inside this room only.
//
// pure. In GA where not said otherwise.
#pragma once

#include "protocol/server_event.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace antiphon::protocol {

/// A JSON string of well-formed UTF-8.
boost::json::string encode_text(std::string_view text);
/// The same, but null for an empty text.
boost::json::value encode_text_or_null(std::string_view text);
/// JSON text as a value: null for an empty one.
boost::json::value encode_json(const std::string& text);
boost::json::value encode_token_limit(const std::optional<int>& limit);
boost::json::value encode_transcription(const Session& session);
boost::json::value encode_turn_detection(const std::optional<TurnDetection>& detection);
boost::json::array encode_tools(const std::vector<Tool>& tools);
boost::json::value encode_tool_choice(const ToolChoice& choice);
boost::json::object encode_antiphon(const Session& session);
boost::json::object encode_session(const Session& session);
boost::json::object encode_item(const Item& item);
boost::json::object encode_response(const Response& response);

/// Everything of an event but its event_id, "type" included, in GA.
void write_event(const ServerEvent& event, boost::json::object& out);

}  // namespace antiphon::protocol
