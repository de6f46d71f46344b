// What a client hears that speaks plain HTTP on the port of TLS.
//
// pure.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::edge {

/// The most of a request that is read for it.
constexpr std::size_t kMaxPlainHead = 8U << 10U;

/// `head` is a request's first line and headers, or as much of them as came. GET and HEAD are sent on to https:// with
/// 307, which browsers do not remember: TLS may be switched off again. Other requests get 400 and a sentence. Empty for
/// what is no HTTP.
std::string answer_to_plain_http(std::string_view head);

}  // namespace antiphon::edge
