#include "app/caller_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace antiphon::app {
namespace {

/// The model's name is the server's affair; ours accepts any.
constexpr std::string_view kTarget = "/v1/realtime?model=antiphon";

bool is_port(std::string_view text) {
    std::uint16_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc() && end == text.data() + text.size() && number != 0;
}

}  // namespace

std::string CallerAddress::authority() const {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

std::string CallerAddress::url(std::string_view path) const {
    return (secure ? "https://" : "http://") + authority() + prefix + std::string(path);
}

base::Result<CallerAddress> parse_caller_address(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return base::error(base::Errc::invalid, "cannot call \"" + std::string(text) + "\": " + std::string(why), "server");
    };
    CallerAddress address;
    std::string_view rest = text;
    if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
        const std::string_view scheme = rest.substr(0, scheme_end);
        address.secure = scheme == "https" || scheme == "wss";
        if (!address.secure && scheme != "http" && scheme != "ws")
            return refuse("the address must begin with http:// or https://");
        rest.remove_prefix(scheme_end + 3);
    }
    const bool printable = std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return c > ' ' && c < 0x7F; });
    if (!printable || rest.find_first_of("?#@") != std::string_view::npos)
        return refuse("expected http://HOST:PORT");

    const auto host_end = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, host_end);
    std::string_view prefix = rest.substr(host_end);
    while (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);

    address.port = address.secure ? "443" : "80";
    std::string_view port;
    if (!authority.empty() && authority.front() == '[') {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos)
            return refuse("the ] of the IPv6 address is missing");
        address.host = authority.substr(1, bracket - 1);
        port = authority.substr(bracket + 1);
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        address.host = authority.substr(0, colon);
        port = authority.substr(colon);
    }
    if (address.host.empty()) return refuse("it names no host");
    if (!port.empty()) {
        if (port.front() != ':' || !is_port(port.substr(1)))
            return refuse("the port must be 1 to 65535");
        address.port = port.substr(1);
    }
    address.prefix = prefix;
    address.target = address.prefix + std::string(kTarget);
    return address;
}

}  // namespace antiphon::app
