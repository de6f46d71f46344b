// The nested objects of server events as JSON. Inside this room only.
//
// pure.
#pragma once

#include "protocol/server_event.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace antiphon::protocol {

/// A JSON string of well-formed UTF-8.
boost::json::string encode_text(std::string_view text);
/// The same, but null for an empty text.
boost::json::value encode_text_or_null(std::string_view text);
boost::json::object encode_session(const Session& session);
boost::json::object encode_item(const Item& item);
boost::json::object encode_response(const Response& response);

}  // namespace antiphon::protocol
