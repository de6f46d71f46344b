#include "base/error.hpp"

namespace antiphon::base {

std::string_view name_of(Errc code) noexcept {
    switch (code) {
        case Errc::cancelled: return "cancelled";
        case Errc::invalid: return "invalid";
        case Errc::unsupported: return "unsupported";
        case Errc::not_found: return "not_found";
        case Errc::conflict: return "conflict";
        case Errc::overloaded: return "overloaded";
        case Errc::unavailable: return "unavailable";
        case Errc::engine: return "engine";
    }
    return "unknown";
}

}  // namespace antiphon::base
