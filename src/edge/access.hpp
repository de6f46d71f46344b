// Which web pages may talk to this server.
//
// pure. Browsers say in the Origin header where a page comes from; other programs send none and are not
// concerned. A list with "*" lets every page in.
#pragma once

#include "edge/reply.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// Two origins as browsers write them; only the case of letters does not matter.
bool same_origin(std::string_view one, std::string_view other);

/// `origin` is the Origin header ("https://host:port", or "null" for a page opened from disk), empty if there
/// is none; `host` is the Host header. A page of our own is always allowed.
bool origin_allowed(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

/// The Access-Control headers of every answer to that page; none if it is not allowed or is no page.
Headers access_headers(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

/// What the answer to a preflight says beyond access_headers(). `requested` is Access-Control-Request-Headers.
Headers preflight_headers(std::string_view methods, std::string_view requested);

}  // namespace antiphon::edge
