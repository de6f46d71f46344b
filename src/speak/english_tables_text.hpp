// What English calls units, currencies, magnitudes, abbreviations and signs.
//
// pure.
#pragma once

#include "speak/language_text.hpp"

namespace antiphon::speak {

extern const LanguageWords kEnglishWords;

}  // namespace antiphon::speak
