// Which path answers what.
//
// pure. One table; the page, the readiness probe and the calls of every client start here.
#pragma once

#include "base/result.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::edge {

enum class Endpoint {
    home, call_page, ready, health, metrics, options, ice, widget, openapi, models, model, realtime,
    client_secrets, transcriptions, speech, chat_completions, embeddings, realtime_calls, realtime_call,
};

/// What a route asks for on a server that has keys (admission.hpp). There is no default: a route that says nothing does
/// not compile. docs/authorization.md is written from it.
enum class RouteAccess {
    anybody = 1,
    key,
    key_or_secret,  ///< the client secret stays unused
    new_call,       ///< a key, or a client secret, which is used up; to come back to a call, that call's token
    own_call,       ///< the key that began the call, or the call's token
    metrics,        ///< a key; nothing on the listener that answers nothing else
};

struct Route {
    std::string_view path;     ///< with {name} for what differs
    Endpoint endpoint;
    std::string_view methods;  ///< as the Allow header lists them
    RouteAccess access;
};

std::span<const Route> all_routes();

/// What a request's first line asks for, percent-decoded.
struct Target {
    std::string path;
    std::map<std::string, std::string, std::less<>> query;  ///< of a name that comes twice, the first
};

/// Fails with `invalid` for what does not begin with "/", for broken percent signs and for bytes that are no
/// UTF-8.
base::Result<Target> parse_target(std::string_view target);

/// Null if there is nothing at that path. What follows "/v1/models/" is a model's name (model_name()). `metrics_only`:
/// there is nothing but /metrics, /health and /ready.
const Route* find_route(std::string_view path, bool metrics_only = false);

/// Of a path that find_route() gave Endpoint::model for.
std::string_view model_name(std::string_view path);

/// Of a path that find_route() gave Endpoint::realtime_call for.
std::string call_id(std::string_view path);

/// Whether the route answers POST, by a Responder (openai_endpoints.hpp).
bool takes_work(const Route& route);

bool allows(const Route& route, std::string_view method);

}  // namespace antiphon::edge
