#include "edge/reply.hpp"

#include <boost/json.hpp>

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

}  // namespace antiphon::edge
