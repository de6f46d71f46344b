#include "speak/german_numbers_text.hpp"

#include "speak/grouped_numbers_text.hpp"

#include <array>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 20> kSmall{U"null",     U"eins",     U"zwei",     U"drei",     U"vier",
                                      U"fünf",     U"sechs",    U"sieben",   U"acht",     U"neun",
                                      U"zehn",     U"elf",      U"zwölf",    U"dreizehn", U"vierzehn",
                                      U"fünfzehn", U"sechzehn", U"siebzehn", U"achtzehn", U"neunzehn"};
constexpr std::array<View, 10> kTens{U"",        U"",        U"zwanzig", U"dreißig", U"vierzig",
                                     U"fünfzig", U"sechzig", U"siebzig", U"achtzig", U"neunzig"};
constexpr std::array<std::pair<View, View>, 5> kLarge{{{U"", U""},
                                                       {U"", U""},
                                                       {U"eine Million", U"Millionen"},
                                                       {U"eine Milliarde", U"Milliarden"},
                                                       {U"eine Billion", U"Billionen"}}};

Text ones(int value, bool joined) {
    return value == 1 && joined ? U"ein" : Text(kSmall[static_cast<std::size_t>(value)]);
}

/// 1 to 999; `joined` to a word that follows.
Text below_thousand(int value, bool joined) {
    Text out;
    if (value >= 100) out = ones(value / 100, true) + U"hundert";
    value %= 100;
    if (value == 0) return out;
    if (value < 20) return out + ones(value, joined);
    if (value % 10 != 0) out += ones(value % 10, true) + U"und";
    return out + Text(kTens[static_cast<std::size_t>(value / 10)]);
}

}  // namespace

Text german_cardinal(View digits, bool before_noun) {
    return grouped_cardinal(digits, kSmall, kLarge.size(), [&](Text& out, int value, std::size_t group) {
        if (group >= 2) {
            if (!out.empty()) out += U' ';
            const auto& [one, many] = kLarge[group];
            out += value == 1 ? Text(one) : below_thousand(value, true) + U" " + Text(many);
            return;
        }
        // Below a million all is one word.
        if (!out.empty() && !out.ends_with(U"tausend")) out += U' ';
        out += below_thousand(value, group == 1 || before_noun);
        if (group == 1) out += U"tausend";
    });
}

Text german_ordinal_stem(View digits) {
    constexpr std::array<std::pair<View, View>, 4> kIrregular{
        {{U"eins", U"erst"}, {U"drei", U"dritt"}, {U"sieben", U"siebt"}, {U"acht", U"acht"}}};
    Text words = german_cardinal(digits);
    const int last = value_of(digits.substr(digits.size() > 2 ? digits.size() - 2 : 0));
    if (last == 0 || last >= 20) return words + U"st";
    if (last < 10)
        for (const auto& [cardinal, ordinal] : kIrregular)
            if (words.ends_with(cardinal)) return words.substr(0, words.size() - cardinal.size()) + Text(ordinal);
    return words + U"t";
}

Text german_hundreds(int year) {
    Text out = below_thousand(year / 100, true) + U"hundert";
    if (year % 100 != 0) out += below_thousand(year % 100, false);
    return out;
}

}  // namespace antiphon::speak
