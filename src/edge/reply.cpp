#include "edge/reply.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace antiphon::edge {

Reply error_reply(int status, std::string_view code, std::string_view message, Headers headers) {
    const boost::json::object body{{"error",
                                    {{"message", message},
                                     {"type", status < 500 ? "invalid_request_error" : "server_error"},
                                     {"param", nullptr},
                                     {"code", code}}}};
    return {status, "application/json", boost::json::serialize(body), std::move(headers)};
}

Reply unless_unchanged(Reply reply, std::string_view if_none_match) {
    if (reply.status != 200 || if_none_match.empty()) return reply;
    const auto tag = std::find_if(reply.headers.begin(), reply.headers.end(),
                                  [](const auto& header) { return header.first == "ETag"; });
    if (tag == reply.headers.end()) return reply;
    if (if_none_match != "*" && if_none_match.find(tag->second) == std::string_view::npos) return reply;
    reply.status = 304;
    reply.body.clear();
    return reply;
}

}  // namespace antiphon::edge
