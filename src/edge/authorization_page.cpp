#include "edge/authorization_page.hpp"

#include "edge/routes.hpp"

namespace antiphon::edge {
namespace {

constexpr std::string_view kIntroduction = R"(# Authorization

This page is written by `antiphon serve --print-authorization` from the table of routes that the server answers by; a
unit test holds it to the program, and a route that does not say who may ask for it does not compile.

It is what a server with keys asks for; without keys everybody may have everything ([access.md](access.md)). A preflight
(`OPTIONS`) asks for nothing anywhere, since browsers send no key with it. What is not let in gets 401
`invalid_api_key`, or `invalid_client_secret`, before its body is read.

| Route | Methods | Asks for |
|---|---|---|
)";

std::string_view in_words(RouteAccess access) {
    switch (access) {
        case RouteAccess::anybody: return "nothing";
        case RouteAccess::key: return "a key";
        case RouteAccess::key_or_secret: return "a key, or a client secret, which stays good for its call";
        case RouteAccess::new_call:
            return "a key, or a client secret, which is used up; with `call_id` and `resume`, to come back: that token "
                   "alone; with `call_id`, to watch: the key that began the call";
        case RouteAccess::own_call:
            return "the key that began the call, or the call's resume token (`Authorization: Bearer resume_…`)";
        case RouteAccess::metrics: return "a key; on the listener of `server.metrics_port` nothing";
    }
    return "";
}

}  // namespace

std::string authorization_page() {
    std::string page(kIntroduction);
    for (const Route& route : all_routes()) {
        const std::string methods(route.methods.substr(0, route.methods.rfind(", OPTIONS")));
        page += "| `" + std::string(route.path) + "` | " + methods + " | " + std::string(in_words(route.access)) + " |\n";
    }
    return page;
}

}  // namespace antiphon::edge
