#include "speak/swedish_numbers_text.hpp"

#include "speak/grouped_numbers_text.hpp"

#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 20> kSmall{U"noll",    U"ett",    U"två",    U"tre",     U"fyra",  U"fem",   U"sex",
                                      U"sju",     U"åtta",   U"nio",    U"tio",     U"elva",  U"tolv",  U"tretton",
                                      U"fjorton", U"femton", U"sexton", U"sjutton", U"arton", U"nitton"};
constexpr std::array<View, 10> kTens{U"",       U"",       U"tjugo",   U"trettio", U"fyrtio",
                                     U"femtio", U"sextio", U"sjuttio", U"åttio",   U"nittio"};
constexpr std::array<View, 20> kSmallOrdinals{U"nollte",   U"första",   U"andra",     U"tredje",    U"fjärde",
                                              U"femte",    U"sjätte",   U"sjunde",    U"åttonde",   U"nionde",
                                              U"tionde",   U"elfte",    U"tolfte",    U"trettonde", U"fjortonde",
                                              U"femtonde", U"sextonde", U"sjuttonde", U"artonde",   U"nittonde"};
constexpr std::array<View, 5> kOne{U"", U"", U"en miljon", U"en miljard", U"en biljon"};
constexpr std::array<View, 5> kMany{U"", U"", U"miljoner", U"miljarder", U"biljoner"};

Text below_hundred(int value) {
    if (value < 20) return Text(kSmall[static_cast<std::size_t>(value)]);
    Text out(kTens[static_cast<std::size_t>(value / 10)]);
    return value % 10 == 0 ? out : out + Text(kSmall[static_cast<std::size_t>(value % 10)]);
}
Text below_thousand(int value) {
    if (value < 100) return below_hundred(value);
    const Text out = below_hundred(value / 100) + U"hundra";
    return value % 100 == 0 ? out : out + below_hundred(value % 100);
}

}  // namespace

Text swedish_cardinal(View digits) {
    return grouped_cardinal(digits, kSmall, kOne.size(), [&](Text& out, int value, std::size_t group) {
        if (!out.empty()) out += U' ';
        if (group >= 2)
            out += value == 1 ? Text(kOne[group]) : below_thousand(value) + U" " + Text(kMany[group]);
        else if (group == 1)
            // Three t become two: "ettusen".
            out += (value == 1 ? Text(U"et") : below_thousand(value)) + U"tusen";
        else
            out += below_thousand(value);
    });
}

Text swedish_ordinal(View digits) {
    const int last = value_of(digits.substr(digits.size() > 2 ? digits.size() - 2 : 0));
    Text words = swedish_cardinal(digits);
    if (last == 0) return words + U"de";
    if (last < 20) {
        const View cardinal = kSmall[static_cast<std::size_t>(last)];
        return words.substr(0, words.size() - cardinal.size()) + Text(kSmallOrdinals[static_cast<std::size_t>(last)]);
    }
    if (last % 10 == 0) return words + U"nde";
    const View cardinal = kSmall[static_cast<std::size_t>(last % 10)];
    return words.substr(0, words.size() - cardinal.size()) + Text(kSmallOrdinals[static_cast<std::size_t>(last % 10)]);
}

Text swedish_year(int year) {
    if (year >= 2000 && year < 2010) return year == 2000 ? U"tvåtusen" : U"tvåtusen " + below_hundred(year % 10);
    const Text century = below_hundred(year / 100) + U"hundra";
    return year % 100 == 0 ? century : century + below_hundred(year % 100);
}

}  // namespace antiphon::speak
