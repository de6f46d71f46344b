// The files that are built into the binary.
//
// pure.
#pragma once

#include "edge/reply.hpp"

#include <string_view>

namespace antiphon::edge {

/// GET /call: the page, or 404 with a sentence on how it is built when there is none in this binary.
Reply call_page_reply(std::string_view page);

}  // namespace antiphon::edge
