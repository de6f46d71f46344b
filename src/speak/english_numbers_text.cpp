#include "speak/english_numbers_text.hpp"

#include "speak/grouped_numbers_text.hpp"

#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 20> kSmall{U"zero",    U"one",     U"two",       U"three",    U"four",
                                      U"five",    U"six",     U"seven",     U"eight",    U"nine",
                                      U"ten",     U"eleven",  U"twelve",    U"thirteen", U"fourteen",
                                      U"fifteen", U"sixteen", U"seventeen", U"eighteen", U"nineteen"};
constexpr std::array<View, 10> kTens{U"",      U"",      U"twenty",  U"thirty", U"forty",
                                     U"fifty", U"sixty", U"seventy", U"eighty", U"ninety"};
constexpr std::array<View, 5> kThousands{U"", U"thousand", U"million", U"billion", U"trillion"};

Text below_hundred(int value) {
    if (value < 20) return Text(kSmall[static_cast<std::size_t>(value)]);
    Text out(kTens[static_cast<std::size_t>(value / 10)]);
    if (value % 10 != 0) out += U"-" + Text(kSmall[static_cast<std::size_t>(value % 10)]);
    return out;
}

Text below_thousand(int value) {
    if (value < 100) return below_hundred(value);
    Text out = Text(kSmall[static_cast<std::size_t>(value / 100)]) + U" hundred";
    if (value % 100 != 0) out += U" " + below_hundred(value % 100);
    return out;
}

}  // namespace

Text english_cardinal(View digits) {
    return grouped_cardinal(digits, kSmall, kThousands.size(), [&](Text& out, int value, std::size_t group) {
        if (!out.empty()) out += U' ';
        out += below_thousand(value);
        if (group > 0) out += U" " + Text(kThousands[group]);
    });
}

Text english_ordinal(View digits) {
    Text words = english_cardinal(digits);
    const auto parting = words.find_last_of(U" -");
    const std::size_t begin = parting == Text::npos ? 0 : parting + 1;
    const Text last = words.substr(begin);
    constexpr std::array<std::pair<View, View>, 7> kIrregular{{{U"one", U"first"},
                                                               {U"two", U"second"},
                                                               {U"three", U"third"},
                                                               {U"five", U"fifth"},
                                                               {U"eight", U"eighth"},
                                                               {U"nine", U"ninth"},
                                                               {U"twelve", U"twelfth"}}};
    words.resize(begin);
    for (const auto& [cardinal, ordinal] : kIrregular)
        if (last == cardinal) return words + Text(ordinal);
    if (last.ends_with(U'y')) return words + last.substr(0, last.size() - 1) + U"ieth";
    return words + last + U"th";
}

Text english_year(int year) {
    if (year % 1000 < 10) {
        Text out = below_thousand(year / 1000) + U" thousand";
        if (year % 10 != 0) out += U" " + below_hundred(year % 10);
        return out;
    }
    const Text century = below_hundred(year / 100);
    if (year % 100 == 0) return century + U" hundred";
    return century + (year % 100 < 10 ? U" oh " : U" ") + below_hundred(year % 100);
}

Text english_plural(Text word) {
    if (word.ends_with(U'y')) return word.substr(0, word.size() - 1) + U"ies";
    if (word.ends_with(U"lf")) return word.substr(0, word.size() - 1) + U"ves";
    return word + (word.ends_with(U'x') ? U"es" : U"s");
}

}  // namespace antiphon::speak
