#include "edge/reply.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace antiphon::edge {

namespace json = boost::json;

Reply error_reply(int status, std::string_view code, std::string_view message, Headers headers, std::string_view param) {
    const json::object body{{"error",
                             {{"message", message},
                              {"type", status < 500 ? "invalid_request_error" : "server_error"},
                              {"param", param.empty() ? json::value(nullptr) : json::value(param)},
                              {"code", code}}}};
    return {status, "application/json", json::serialize(body), std::move(headers)};
}

Reply failure_reply(const base::Error& failure) {
    using base::Errc;
    const auto with = [&](int status, std::string_view code, Headers headers = {}) {
        return error_reply(status, code, failure.text, std::move(headers), failure.param);
    };
    switch (failure.code) {
        case Errc::invalid: return with(400, "invalid_value");
        case Errc::unsupported: return with(400, "unsupported");
        case Errc::not_found: return with(404, "not_found");
        case Errc::conflict: return with(409, "conflict");
        case Errc::overloaded: return with(503, "overloaded", {{"Retry-After", "5"}});
        case Errc::unavailable:
        case Errc::cancelled: return with(503, "unavailable");
        case Errc::engine: break;
    }
    return with(500, "engine_error");
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
