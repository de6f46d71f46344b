// docs/authorization.md: who may ask for what, as the table of routes has it.
//
// pure.
#pragma once

#include <string>

namespace antiphon::edge {

std::string authorization_page();

}  // namespace antiphon::edge
