// Writes out what English reads differently than it is written: "$5" as "5 dollars".
//
// pure.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// The text with its currencies, percent and degree signs, units, clock times, ranges of numbers, usual
/// abbreviations, signs between words, and dots inside names as words. Plain numbers stay.
std::u32string english_text(std::u32string_view text);

}  // namespace antiphon::speak
