#include "edge/routes.hpp"

#include "base/hexadecimal.hpp"
#include "base/utf8.hpp"

#include <array>
#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::array<Route, 20> kRoutes{{
    {"/", Endpoint::home, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/call", Endpoint::call_page, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/ready", Endpoint::ready, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/health", Endpoint::health, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/metrics", Endpoint::metrics, "GET, HEAD, OPTIONS", RouteAccess::metrics},
    {"/v1/models", Endpoint::models, "GET, HEAD, OPTIONS", RouteAccess::key},
    {"/options", Endpoint::options, "GET, HEAD, OPTIONS", RouteAccess::key_or_secret},
    {"/ice", Endpoint::ice, "GET, HEAD, OPTIONS", RouteAccess::key_or_secret},
    {"/antiphon.js", Endpoint::widget, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/openapi.yaml", Endpoint::openapi, "GET, HEAD, OPTIONS", RouteAccess::anybody},
    {"/v1/realtime", Endpoint::realtime, "GET, OPTIONS", RouteAccess::new_call},
    {"/v1/realtime/client_secrets", Endpoint::client_secrets, "POST, OPTIONS", RouteAccess::key},
    {"/v1/realtime/calls", Endpoint::realtime_calls, "POST, OPTIONS", RouteAccess::new_call},
    {"/v1/audio/transcriptions", Endpoint::transcriptions, "POST, OPTIONS", RouteAccess::key},
    {"/v1/audio/speech", Endpoint::speech, "POST, OPTIONS", RouteAccess::key},
    {"/v1/chat/completions", Endpoint::chat_completions, "POST, OPTIONS", RouteAccess::key},
    {"/v1/embeddings", Endpoint::embeddings, "POST, OPTIONS", RouteAccess::key},
    {"/v1/models/{name}", Endpoint::model, "GET, HEAD, OPTIONS", RouteAccess::key},
    {"/v1/realtime/calls/{id}", Endpoint::realtime_call, "DELETE, OPTIONS", RouteAccess::own_call},
    {"/v1/realtime/calls/{id}/hangup", Endpoint::realtime_call, "POST, OPTIONS", RouteAccess::own_call},
}};

consteval bool each_says_who_may() {
    for (const Route& route : kRoutes)
        if (route.access < RouteAccess::anybody || route.access > RouteAccess::metrics) return false;
    return true;
}
static_assert(each_says_who_may(), "a route lacks its access");

consteval const Route& route_at(std::string_view path) {
    for (const Route& route : kRoutes)
        if (route.path == path) return route;
    throw "no such route";
}

constexpr std::string_view kModelPath = "/v1/models/";
constexpr const Route& kModelRoute = route_at("/v1/models/{name}");

constexpr std::string_view kCallPath = "/v1/realtime/calls/";
constexpr std::string_view kHangup = "/hangup";
constexpr const Route& kCallRoute = route_at("/v1/realtime/calls/{id}");
constexpr const Route& kHangupRoute = route_at("/v1/realtime/calls/{id}/hangup");

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const auto byte = base::byte_from_hex(text.substr(i + 1, 2));
            if (!byte) return std::nullopt;
            plain += static_cast<char>(*byte);
            i += 2;
        } else {
            plain += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    if (!base::is_utf8(plain)) return std::nullopt;
    return plain;
}

}  // namespace

base::Result<Target> parse_target(std::string_view target) {
    const auto refuse = [] { return base::error(base::Errc::invalid, "the request's target is malformed"); };
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    const auto path = decoded(target.substr(0, question), false);
    if (!path || !path->starts_with('/')) return refuse();
    Target parsed{*path, {}};
    auto rest = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest = pair.size() == rest.size() ? std::string_view() : rest.substr(pair.size() + 1);
        const auto equals = pair.find('=');
        auto name = decoded(pair.substr(0, equals), true);
        auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
        if (!name || !value) return refuse();
        parsed.query.emplace(std::move(*name), std::move(*value));
    }
    return parsed;
}

std::span<const Route> all_routes() { return kRoutes; }

const Route* find_route(std::string_view path, bool metrics_only) {
    if (metrics_only) {
        const bool told = path == "/metrics" || path == "/health" || path == "/ready";
        return told ? find_route(path) : nullptr;
    }
    if (path.size() > 1 && path.ends_with('/') && !path.ends_with("//")) path.remove_suffix(1);
    for (const Route& route : kRoutes)
        if (route.path == path) return &route;
    if (path.starts_with(kModelPath) && path.size() > kModelPath.size()) return &kModelRoute;
    if (path.starts_with(kCallPath) && path.size() > kCallPath.size()) {
        const auto rest = path.substr(kCallPath.size());
        if (rest.find('/') == std::string_view::npos) return &kCallRoute;
        if (rest.ends_with(kHangup) && rest.find('/') == rest.size() - kHangup.size() && rest.size() > kHangup.size()) return &kHangupRoute;
    }
    return nullptr;
}

std::string call_id(std::string_view path) {
    path.remove_prefix(kCallPath.size());
    return std::string(path.substr(0, path.find('/')));
}

std::string_view model_name(std::string_view path) { return path.substr(kModelPath.size()); }

bool takes_work(const Route& route) { return allows(route, "POST"); }

bool allows(const Route& route, std::string_view method) {
    std::string_view rest = route.methods;
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find(", "));
        if (one == method) return true;
        rest = one.size() == rest.size() ? std::string_view() : rest.substr(one.size() + 2);
    }
    return false;
}

}  // namespace antiphon::edge
