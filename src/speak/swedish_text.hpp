// Reads Swedish as a person would.
//
// pure.
#pragma once

#include "speak/language_text.hpp"

namespace antiphon::speak {

const LanguageReader& swedish_reader();

}  // namespace antiphon::speak
