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

/// Of a page at http:// or https://, what stands behind that.
std::string_view host_of_page(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin.size() > scheme.size() && same(origin.substr(0, scheme.size()), scheme)) return origin.substr(scheme.size());
    return {};
}

}  // namespace

bool same_origin(std::string_view one, std::string_view other) { return same(one, other); }

bool origin_allowed(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
    if (origin.empty()) return true;
    if (const auto own = host_of_page(origin); !own.empty() && same(own, host)) return true;
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
