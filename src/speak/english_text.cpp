#include "speak/english_text.hpp"

#include "speak/english_numbers_text.hpp"
#include "speak/english_reading_text.hpp"
#include "speak/english_tables_text.hpp"

#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

/// Their Roman numerals are read "the eighth".
constexpr std::array<View, 41> kRulers{U"henry",    U"louis",     U"george",    U"edward",   U"elizabeth", U"charles",
                                       U"james",    U"william",   U"richard",   U"mary",     U"philip",    U"pius",
                                       U"paul",     U"john",      U"benedict",  U"leo",      U"gregory",   U"clement",
                                       U"nicholas", U"alexander", U"catherine", U"peter",    U"frederick", U"wilhelm",
                                       U"napoleon", U"ramesses",  U"ptolemy",   U"francis",  U"ferdinand", U"joseph",
                                       U"leopold",  U"otto",      U"carl",      U"gustav",   U"karl",      U"harald",
                                       U"haakon",   U"margrethe", U"christian", U"innocent", U"urban"};
/// Theirs are numbers: "chapter four".
constexpr std::array<View, 27> kNumbered{
    U"war",     U"chapter", U"part",    U"volume", U"act",   U"scene",    U"phase",  U"type",   U"section",
    U"article", U"book",    U"bowl",    U"class",  U"stage", U"appendix", U"title",  U"level",  U"grade",
    U"episode", U"mark",    U"fantasy", U"rocky",  U"tier",  U"factor",   U"apollo", U"figure", U"table"};
/// Words though they are written in capitals, which synthesizers would spell.
constexpr std::array<std::pair<View, View>, 12> kAcronyms{{{U"RAM", U"ram"},
                                                           {U"ROM", U"rom"},
                                                           {U"PIN", U"pin"},
                                                           {U"SIM", U"sim"},
                                                           {U"ZIP", U"zip"},
                                                           {U"LAN", U"lan"},
                                                           {U"WAN", U"wan"},
                                                           {U"GIF", U"gif"},
                                                           {U"SWAT", U"swat"},
                                                           {U"AKA", U"also known as"},
                                                           {U"ETA", U"E-T-A"},
                                                           {U"JPEG", U"jay-peg"}}};

}  // namespace

// The United States and the places that write dates as they do; an unnamed region counts as theirs.
EnglishReading::EnglishReading(View text, std::string_view region)
    : Reading(text, kEnglishWords), day_first_(!(region.empty() || region == "us" || region == "ph" || region == "ca")) {}

bool EnglishReading::own_rule() {
    if (!begins()) return false;
    if (is_digit(here()))
        return fixed() || term() || feet() || numeric_date() || clock() || decade() || ordinal() || day_month() ||
               kilo_name() || emergency();
    if (is_letter(here()))
        return month_day() || weekday() || saint_or_street() || roman() || acronym() || version_mark();
    return here() == U'\'' && decade();
}

Text EnglishReading::cardinal(View digits) const { return english_cardinal(digits); }
Text EnglishReading::one_before(View) const { return U"one"; }

bool EnglishReading::describes(std::size_t from, std::size_t end) const {
    const Text left = small_word_before(from);
    return (left == U"a" || left == U"an") && is_space(at(text_, end)) && is_letter(at(text_, end + 1));
}

std::optional<Text> EnglishReading::fraction(int numerator, int denominator, bool after_number) const {
    if (numerator == 0 || denominator < 2) return std::nullopt;
    const Text count = Reading::cardinal(numerator);
    const bool one = numerator == 1;
    const bool score = denominator == 10 || denominator == 100;
    const bool named = denominator <= 20 || denominator == 32 || denominator == 64 || denominator == 100;
    if (after_number && (!named || score)) return std::nullopt;
    if (!named || numerator > denominator) return count + U" over " + Reading::cardinal(denominator);
    if (score && !one) return count + U" out of " + Reading::cardinal(denominator);
    const Text part = denominator == 2   ? U"half"
                      : denominator == 4 ? U"quarter"
                                         : english_ordinal(digits_of(denominator));
    const Text words = (after_number && one ? U"a" : count) + U" " + (one ? part : english_plural(part));
    return after_number ? U"and " + words : words;
}

/// "1st", "22nd".
bool EnglishReading::ordinal() {
    const auto number = number_at(at_);
    if (!number || !number->part.empty()) return false;
    for (const View suffix : {U"st", U"nd", U"rd", U"th"})
        if (matches_word(number->end, suffix)) {
            put(english_ordinal(number->whole), number->end + 2);
            return true;
        }
    return false;
}

/// "3x + 1": a factor, where "3x" alone is "three times".
bool EnglishReading::term() {
    const std::size_t end = digits_end(at_);
    if (end > at_ + 9 || !is_one_of(at(text_, end), U"xyzn")) return false;
    if (is_alphanumeric(at(text_, end + 1)) || at(text_, end + 1) == U'-') return false;
    const char32_t next = at(text_, after_one_space(end + 1));
    if (next == U'\0' || !is_one_of(next, U"+-*/=^²³)")) return false;
    put(cardinal(text_.substr(at_, end - at_)) + U" " + text_[end], end + 1);
    return true;
}

/// 5'11" is "five foot eleven".
bool EnglishReading::feet() {
    const std::size_t end = digits_end(at_);
    const std::size_t from = after_one_space(end + 1);
    const std::size_t inches = digits_end(from);
    if (end > at_ + 1 || at(text_, end) != U'\'' || inches == from || inches > from + 2) return false;
    if (!is_one_of(at(text_, inches), U"\"”″")) return false;
    put(cardinal(text_.substr(at_, end - at_)) + U" foot " + cardinal(text_.substr(from, inches - from)), inches + 1);
    return true;
}

/// What looks like a fraction and is a name.
bool EnglishReading::fixed() {
    constexpr std::array<std::pair<View, View>, 5> kFixed{{{U"24/7", U"twenty-four seven"},
                                                           {U"9/11", U"nine eleven"},
                                                           {U"50/50", U"fifty-fifty"},
                                                           {U"50-50", U"fifty-fifty"},
                                                           {U"20/20", U"twenty twenty"}}};
    for (const auto& [written, spoken] : kFixed)
        if (stands(at_, written) && !is_alphanumeric(here(written.size())) && !is_one_of(here(written.size()), U"/-")) {
            put(spoken, at_ + written.size());
            return true;
        }
    return false;
}

/// "4K" and "8K" name pictures; other K are thousands.
bool EnglishReading::kilo_name() {
    if (!is_one_of(here(), U"458") || here(1) != U'K' || is_alphanumeric(here(2))) return false;
    put(cardinal(text_.substr(at_, 1)) + U" K", at_ + 2);
    return true;
}

/// "call 911".
bool EnglishReading::emergency() {
    if (digits_end(at_) != at_ + 3 || is_digit(here(4))) return false;
    constexpr std::array<View, 8> kBefore{U"call",   U"dial",    U"text",    U"ring",
                                          U"called", U"calling", U"dialing", U"dialed"};
    if (!holds(kBefore, small_word_before(at_)) || !is_one_of(here(3), View(U"\0 .,!?;:", 8))) return false;
    if (is_letter(at(text_, after_spaces(at_ + 3))) && matches(after_spaces(at_ + 3), U"people")) return false;
    put(digits(text_.substr(at_, 3)), at_ + 3);
    return true;
}

/// "Henry VIII", "World War II".
bool EnglishReading::roman() {
    const auto numeral = roman_here();
    if (!numeral) return false;
    const View name = word_before(at_);
    if (name.empty()) return false;
    const bool ruler = is_upper(name.front()) && holds(kRulers, small(name));
    if (!ruler && !holds(kNumbered, small(name))) return false;
    if (numeral->value == 1 && name != U"War") {
        // "Part I" is one, "the part I like" is not.
        constexpr std::array<View, 6> kBehind{U"of", U"and", U"is", U"was", U"in", U"ends"};
        const View next = word_at(after_spaces(at_ + 1));
        if (!is_upper(name.front()) || (!next.empty() && is_lower(next.front()) && !holds(kBehind, next))) return false;
    }
    const Text digits = digits_of(numeral->value);
    put(ruler ? U"the " + english_ordinal(digits) : english_cardinal(digits), numeral->end);
    return true;
}

bool EnglishReading::acronym() {
    if (is_one_of(before(text_, at_), U"@#")) return false;
    for (const auto& [written, spoken] : kAcronyms)
        if (stands(at_, written) && !is_letter(here(written.size()))) {
            put(spoken, at_ + written.size());
            return true;
        }
    if (stands(at_, U"WHO") && !is_letter(here(3)) && small_word_before(at_) == U"the") {
        put(U"W-H-O", at_ + 3);
        return true;
    }
    if (here() == U'π' && !is_letter(here(1))) {
        put(U"pi", at_ + 1);
        return true;
    }
    if (matches(at_, U"w/") && is_space(here(2))) {
        put(U"with", at_ + 2);
        return true;
    }
    return false;
}

/// "St. Paul" is a saint, "Main St." a street; so with "Dr.".
bool EnglishReading::saint_or_street() {
    const bool drive = stands(at_, U"Dr.");
    if (!drive && !stands(at_, U"St.")) return false;
    const View left = word_before(at_);
    // A capital that only begins a sentence names no street.
    const std::size_t name = static_cast<std::size_t>(left.data() - text_.data());
    std::size_t ahead = left.empty() ? 0 : name;
    while (ahead > 0 && is_space(text_[ahead - 1])) --ahead;
    const bool street = !left.empty() && is_upper(left.front()) && ahead > 0 && !is_sentence_mark(text_[ahead - 1]) &&
                        (!drive || is_digit(text_[ahead - 1]));
    const std::size_t next = after_spaces(at_ + 3);
    if (!street && (drive || !is_upper(at(text_, next)))) return false;
    put(drive ? U"Drive" : street ? U"Street" : U"Saint", at_ + 3);
    if (street && (next >= text_.size() || is_upper(at(text_, next)))) out_ += U'.';
    return true;
}

const LanguageReader& english_reader() {
    static const ReaderOf<EnglishReading> reader;
    return reader;
}

}  // namespace antiphon::speak
