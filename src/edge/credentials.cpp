#include "edge/credentials.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cctype>

namespace antiphon::edge {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kSubprotocol = "openai-insecure-api-key.";

bool begins_with(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
               return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
           });
}

}  // namespace

std::string_view presented(std::string_view prefix, const Asker& asker) {
    if (begins_with(asker.authorization, kBearer)) {
        const auto shown = base::trimmed(asker.authorization.substr(kBearer.size()));
        if (shown.starts_with(prefix)) return shown;
    }
    std::string_view rest = asker.subprotocols;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto offered = base::trimmed(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (!offered.starts_with(kSubprotocol)) continue;
        const auto shown = offered.substr(kSubprotocol.size());
        if (shown.starts_with(prefix)) return shown;
    }
    return {};
}

bool presents_something(const Asker& asker) {
    return !asker.authorization.empty() || asker.subprotocols.find(kSubprotocol) != std::string_view::npos;
}

}  // namespace antiphon::edge
