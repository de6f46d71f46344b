#include "edge/static_files.hpp"

#include <string>

namespace antiphon::edge {

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

}  // namespace antiphon::edge
