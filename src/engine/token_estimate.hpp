// About how many tokens a model makes of a text, where only its server knows.
//
// pure. Rather too many than too few: what is estimated to fit into a context must fit.
#pragma once

#include "engine/language_model.hpp"

#include <cstddef>
#include <string_view>

namespace antiphon::engine {

/// A word of Latin letters is one token for each 6 letters begun, digits one for each 3 begun, every other visible
/// character one; nothing for the empty text.
std::size_t estimate_tokens(std::string_view text);

/// Of a whole request: messages, calls and tools, with the marks that templates put around them.
std::size_t estimate_tokens(const GenerationRequest& request);

}  // namespace antiphon::engine
