// English words for numbers.
//
// pure. `digits` are ASCII digits and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// "one thousand two hundred"; more than 15 digits, or a zero before others, digit by digit.
std::u32string english_cardinal(std::u32string_view digits);
/// "twenty-first".
std::u32string english_ordinal(std::u32string_view digits);
/// 1000 to 2099: "nineteen oh five", "two thousand eight", "twenty ten".
std::u32string english_year(int year);
/// "nineties", "halves" are made of "ninety", "half".
std::u32string english_plural(std::u32string word);

}  // namespace antiphon::speak
