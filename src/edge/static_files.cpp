#include "edge/static_files.hpp"

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

namespace antiphon::edge {
namespace {

/// FNV-1a, 64 bits: tells one build's file from another's, and nothing more.
std::string tag_of(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, hash);
    return '"' + std::string(digits) + '"';
}

}  // namespace

Reply call_page_reply(std::string_view page) {
    if (page.empty())
        return error_reply(404, "page_not_built",
                           "the call page is not part of this build: build web/ first, then the server");
    return {200,
            "text/html; charset=utf-8",
            std::string(page),
            {{"Cache-Control", "no-cache"},
             {"X-Content-Type-Options", "nosniff"},
             {"Referrer-Policy", "no-referrer"},
             {"Permissions-Policy", "microphone=(self)"}}};
}

Reply widget_reply(std::string_view script) {
    if (script.empty())
        return error_reply(404, "widget_not_built",
                           "the widget is not part of this build: build web/ first, then the server");
    return {200,
            "text/javascript; charset=utf-8",
            std::string(script),
            {{"Cache-Control", "public, max-age=300"},
             {"ETag", tag_of(script)},
             {"X-Content-Type-Options", "nosniff"},
             {"Access-Control-Allow-Origin", "*"},
             {"Cross-Origin-Resource-Policy", "cross-origin"}}};
}

}  // namespace antiphon::edge
