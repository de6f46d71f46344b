#include "edge/access.hpp"

#include <algorithm>
#include <cctype>

namespace antiphon::edge {
namespace {

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

/// A header's value goes back to the client only if it could have come from a browser.
bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

bool origin_allowed(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
    if (origin.empty()) return true;
    const auto scheme_end = origin.find("://");
    if (scheme_end != std::string_view::npos && !host.empty() && same(origin.substr(scheme_end + 3), host)) return true;
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const std::string& one) { return one == "*" || same(one, origin); });
}

Headers access_headers(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
    if (origin.empty() || !printable(origin) || !origin_allowed(origin, host, allowed)) return {};
    const bool any = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
    Headers headers{{"Access-Control-Allow-Origin", any ? "*" : std::string(origin)},
                    {"Access-Control-Expose-Headers", "Location, Retry-After, Antiphon-Resume-Token"}};
    if (!any) headers.emplace_back("Vary", "Origin");
    return headers;
}

Headers preflight_headers(std::string_view methods, std::string_view requested) {
    const bool echo = !requested.empty() && requested.size() <= 1024 && printable(requested);
    return {{"Access-Control-Allow-Methods", std::string(methods)},
            {"Access-Control-Allow-Headers", echo ? std::string(requested) : "Authorization, Content-Type, OpenAI-Beta"},
            {"Access-Control-Max-Age", "600"}};
}

}  // namespace antiphon::edge
