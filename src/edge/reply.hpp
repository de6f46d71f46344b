// An HTTP answer before it is put on the wire.
//
// pure.
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::edge {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
    int status = 200;
    std::string content_type;
    std::string body;
    Headers headers{};  ///< besides Content-Type and Content-Length
};

/// 304 without a body if the reply's ETag is among those that the client already has: `if_none_match` is the
/// request's header of that name (RFC 9110, 13.1.2).
Reply unless_unchanged(Reply reply, std::string_view if_none_match);

/// {"error":{"message","type","code","param"}}, as OpenAI's clients expect it. The type follows from the
/// status: "invalid_request_error" below 500, else "server_error". `param` is the field at fault; empty: null.
Reply error_reply(int status, std::string_view code, std::string_view message, Headers headers = {},
                  std::string_view param = {});

/// The answer to a request that failed inside: 400 invalid_value and unsupported, 404 not_found, 409 conflict,
/// 503 overloaded (with Retry-After) and unavailable, 500 engine_error.
Reply failure_reply(const base::Error& failure);

}  // namespace antiphon::edge
