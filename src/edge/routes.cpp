#include "edge/routes.hpp"

#include "base/utf8.hpp"

#include <array>
#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::array<Route, 17> kRoutes{{
    {"/", Endpoint::home, "GET, HEAD, OPTIONS"},
    {"/call", Endpoint::call_page, "GET, HEAD, OPTIONS"},
    {"/ready", Endpoint::ready, "GET, HEAD, OPTIONS"},
    {"/health", Endpoint::health, "GET, HEAD, OPTIONS"},
    {"/metrics", Endpoint::metrics, "GET, HEAD, OPTIONS"},
    {"/v1/models", Endpoint::models, "GET, HEAD, OPTIONS"},
    {"/options", Endpoint::options, "GET, HEAD, OPTIONS"},
    {"/ice", Endpoint::ice, "GET, HEAD, OPTIONS"},
    {"/antiphon.js", Endpoint::widget, "GET, HEAD, OPTIONS"},
    {"/openapi.yaml", Endpoint::openapi, "GET, HEAD, OPTIONS"},
    {"/v1/realtime", Endpoint::realtime, "GET, OPTIONS"},
    {"/v1/realtime/client_secrets", Endpoint::client_secrets, "POST, OPTIONS"},
    {"/v1/realtime/calls", Endpoint::realtime_calls, "POST, OPTIONS"},
    {"/v1/audio/transcriptions", Endpoint::transcriptions, "POST, OPTIONS"},
    {"/v1/audio/speech", Endpoint::speech, "POST, OPTIONS"},
    {"/v1/chat/completions", Endpoint::chat_completions, "POST, OPTIONS"},
    {"/v1/embeddings", Endpoint::embeddings, "POST, OPTIONS"},
}};

constexpr std::string_view kModelPath = "/v1/models/";
constexpr Route kModelRoute{kModelPath, Endpoint::model, "GET, HEAD, OPTIONS"};

constexpr std::string_view kCallPath = "/v1/realtime/calls/";
constexpr std::string_view kHangup = "/hangup";
constexpr Route kCallRoute{kCallPath, Endpoint::realtime_call, "DELETE, OPTIONS"};
constexpr Route kHangupRoute{kCallPath, Endpoint::realtime_call, "POST, OPTIONS"};

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            plain += static_cast<char>(high * 16 + low);
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

const Route* find_route(std::string_view path) {
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
