// The failures that cross a room's border, each with a code for programs and a sentence for people.
//
// pure. Values only; see result.hpp for how they travel.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace antiphon::base {

enum class Errc {
    cancelled,      ///< the caller asked for it to stop
    invalid,        ///< the input is wrong, and stays wrong when sent again
    unsupported,    ///< understood, but not to be had here
    not_found,      ///< nothing by that name
    conflict,       ///< not now: something else is under way
    overloaded,     ///< a bound was reached; may go through later
    unavailable,    ///< a file, peer or service cannot be reached
    engine,         ///< a model or its library failed
};

/// The code's name as it stands in logs and metrics, for example "overloaded".
std::string_view name_of(Errc code) noexcept;

struct Error {
    Errc code;
    std::string text;   ///< one clear sentence, no trailing full stop
    std::string param;  ///< the input field at fault, empty if none, for example "session.audio"
};

inline Error error(Errc code, std::string text, std::string param = {}) {
    return Error{code, std::move(text), std::move(param)};
}

}  // namespace antiphon::base
