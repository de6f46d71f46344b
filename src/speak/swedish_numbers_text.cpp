#include "speak/swedish_numbers_text.hpp"

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

int value_of(View digits) {
    int value = 0;
    for (const char32_t digit : digits) value = value * 10 + static_cast<int>(digit - U'0');
    return value;
}

}  // namespace

Text swedish_cardinal(View digits) {
    Text out;
    if (digits.size() > 3 * kOne.size() || (digits.size() > 1 && digits.front() == U'0')) {
        for (const char32_t digit : digits) out += (out.empty() ? U"" : U" ") + Text(kSmall[digit - U'0']);
        return out;
    }
    for (std::size_t group = (digits.size() + 2) / 3; group-- > 0;) {
        const std::size_t end = digits.size() - 3 * group;
        const std::size_t begin = end > 3 ? end - 3 : 0;
        const int value = value_of(digits.substr(begin, end - begin));
        if (value == 0) continue;
        if (!out.empty()) out += U' ';
        if (group >= 2)
            out += value == 1 ? Text(kOne[group]) : below_thousand(value) + U" " + Text(kMany[group]);
        else if (group == 1)
            // Three t become two: "ettusen".
            out += (value == 1 ? Text(U"et") : below_thousand(value)) + U"tusen";
        else
            out += below_thousand(value);
    }
    return out.empty() ? Text(kSmall[0]) : out;
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
