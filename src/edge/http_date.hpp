// Times as HTTP writes them (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
//
// pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace antiphon::edge {

std::string http_date(std::chrono::system_clock::time_point time);

/// None for anything but that form.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace antiphon::edge
