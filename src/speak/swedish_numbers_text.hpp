// Swedish words for numbers.
//
// pure. `digits` are ASCII digits and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// "tjugoett"; more than 15 digits, or a zero before others, digit by digit.
std::u32string swedish_cardinal(std::u32string_view digits);
/// "tjugoförsta".
std::u32string swedish_ordinal(std::u32string_view digits);
/// 1100 to 2099: "nittonhundraåttionio", "tvåtusen fem", "tjugohundratjugofyra".
std::u32string swedish_year(int year);

}  // namespace antiphon::speak
