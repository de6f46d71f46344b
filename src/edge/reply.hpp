// An HTTP answer before it is put on the wire.
//
// pure.
#pragma once

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

/// {"error":{"message","type","code","param":null}}, as OpenAI's clients expect it. The type follows from the
/// status: "invalid_request_error" below 500, else "server_error".
Reply error_reply(int status, std::string_view code, std::string_view message, Headers headers = {});

}  // namespace antiphon::edge
