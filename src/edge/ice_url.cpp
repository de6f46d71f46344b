#include "edge/ice_url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace antiphon::edge {
namespace {

constexpr std::uint16_t kSecurePort = 5349;
constexpr std::size_t kLongestHost = 253;

bool fits_host(std::string_view host, bool bracketed) {
    return !host.empty() && host.size() <= kLongestHost && std::all_of(host.begin(), host.end(), [&](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_');
    });
}

}  // namespace

base::Result<IceUrl> parse_ice_url(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return base::error(base::Errc::invalid,
                           "\"" + std::string(text) + "\" is no address of a STUN or TURN server: " + std::string(why));
    };
    IceUrl url;
    const auto colon = text.find(':');
    const std::string_view scheme = text.substr(0, colon);
    if (colon == std::string_view::npos ||
        (scheme != "stun" && scheme != "stuns" && scheme != "turn" && scheme != "turns"))
        return refuse("it must begin with stun:, stuns:, turn: or turns:");
    url.relays = scheme.starts_with("turn");
    url.secure = scheme.ends_with('s');
    url.tcp = url.secure;
    if (url.secure) url.port = kSecurePort;

    std::string_view rest = text.substr(colon + 1);
    if (rest.starts_with("//")) return refuse("there is no // behind the scheme");
    if (const auto question = rest.find('?'); question != std::string_view::npos) {
        const std::string_view query = rest.substr(question + 1);
        if (!url.relays || (query != "transport=udp" && query != "transport=tcp"))
            return refuse("behind the ? only a TURN server's transport=udp or transport=tcp can stand");
        url.tcp = query == "transport=tcp";
        rest = rest.substr(0, question);
    }
    std::string_view port;
    const bool bracketed = rest.starts_with('[');
    if (bracketed) {
        const auto bracket = rest.find(']');
        if (bracket == std::string_view::npos) return refuse("the ] of the IPv6 address is missing");
        url.host = rest.substr(1, bracket - 1);
        port = rest.substr(bracket + 1);
    } else {
        const auto end = std::min(rest.find(':'), rest.size());
        url.host = rest.substr(0, end);
        port = rest.substr(end);
    }
    if (!fits_host(url.host, bracketed)) return refuse("it names no host");
    if (port.empty()) return url;
    const char* end = port.data() + port.size();
    const auto [stop, failure] = std::from_chars(port.data() + 1, end, url.port);
    if (port.front() != ':' || failure != std::errc() || stop != end || url.port == 0)
        return refuse("the port must be 1 to 65535");
    return url;
}

}  // namespace antiphon::edge
