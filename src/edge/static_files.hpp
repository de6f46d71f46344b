// The files that are built into the binary.
//
// pure.
#pragma once

#include "edge/reply.hpp"

#include <string_view>

namespace antiphon::edge {

/// GET /call: the page, or 404 with a sentence on how it is built when there is none in this binary.
Reply call_page_reply(std::string_view page);

/// GET /antiphon.js: the script that puts a call into any page, for any page to load; 404 with a sentence
/// when there is none in this binary. Kept by browsers for five minutes, then asked for by its ETag.
Reply widget_reply(std::string_view script);

}  // namespace antiphon::edge
