// Secrets that are none.
//
// pure.
#pragma once

#include <string_view>

namespace antiphon::base {

/// Whether the text was to be replaced by a secret: it has "change-me", "your-", "placeholder" or the like in it, in
/// small or capital letters.
bool is_placeholder(std::string_view secret);

}  // namespace antiphon::base
