// The legs of a connection, what can be wrong with each, and what to do: docs/connection-legs.json, which the page's
// doctor and docs/troubleshooting.md have as well.
//
// pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace antiphon::app {

struct LegFault {
    std::string code;    ///< "tcp.refused": for programs, and to look it up
    std::string leg;     ///< "tcp"
    std::string says;    ///< what is wrong, a sentence without its full stop
    std::string advice;  ///< what to do about it, likewise
};

std::span<const LegFault> leg_faults();

/// Null when there is none of that code.
const LegFault* find_leg_fault(std::string_view code);

}  // namespace antiphon::app
