// German words for numbers.
//
// pure. `digits` are ASCII digits and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// "einundzwanzig"; more than 15 digits, or a zero before others, digit by digit. A last "eins" is "ein"
/// with `before_noun`.
std::u32string german_cardinal(std::u32string_view digits, bool before_noun = false);
/// Without its ending: "einundzwanzigst", "dritt".
std::u32string german_ordinal_stem(std::u32string_view digits);
/// 1100 to 1999: "neunzehnhundertneunundachtzig".
std::u32string german_hundreds(int year);

}  // namespace antiphon::speak
