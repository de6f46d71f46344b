// English years, dates and times of day.
#include "speak/english_reading_text.hpp"

#include "speak/english_numbers_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 12> kMonths{U"January", U"February", U"March",     U"April",   U"May",      U"June",
                                       U"July",    U"August",   U"September", U"October", U"November", U"December"};
constexpr std::array<std::pair<View, int>, 12> kShortMonths{{{U"Jan", 1},
                                                             {U"Feb", 2},
                                                             {U"Mar", 3},
                                                             {U"Apr", 4},
                                                             {U"Jun", 6},
                                                             {U"Jul", 7},
                                                             {U"Aug", 8},
                                                             {U"Sept", 9},
                                                             {U"Sep", 9},
                                                             {U"Oct", 10},
                                                             {U"Nov", 11},
                                                             {U"Dec", 12}}};
constexpr std::array<std::pair<View, View>, 10> kShortDays{{{U"Mon", U"Monday"},
                                                            {U"Tues", U"Tuesday"},
                                                            {U"Tue", U"Tuesday"},
                                                            {U"Wed", U"Wednesday"},
                                                            {U"Thurs", U"Thursday"},
                                                            {U"Thur", U"Thursday"},
                                                            {U"Thu", U"Thursday"},
                                                            {U"Fri", U"Friday"},
                                                            {U"Sat", U"Saturday"},
                                                            {U"Sun", U"Sunday"}}};
/// Before a number of four digits, these make a year of it whatever follows.
constexpr std::array<View, 14> kBeforeYears{U"in",  U"since", U"until", U"till",   U"year",   U"years",  U"circa",
                                            U"mid", U"early", U"late",  U"spring", U"summer", U"autumn", U"winter"};
/// Behind one, these say that it counts something.
constexpr std::array<View, 9> kCounted{U"people",  U"men",  U"women",     U"children", U"feet",
                                       U"million", U"more", U"different", U"other"};
/// They end in s and count nothing.
constexpr std::array<View, 8> kNoPlurals{U"was", U"is", U"has", U"as", U"its", U"this", U"does", U"census"};

Text day_words(int day) { return english_ordinal(digits_of(day)); }
Text year_words(int year) {
    return year >= 1000 && year < 2100 ? english_year(year) : english_cardinal(digits_of(year));
}

}  // namespace

std::optional<Text> EnglishReading::year_at(std::size_t from, const Number& number) const {
    if (!number.plain() || number.whole.size() != 4) return std::nullopt;
    const int year = value(number.end - 4, number.end);
    if (year <= 1000 || year > 2099) return std::nullopt;
    const bool behind_year = year_end_ > 0 && from > year_end_ && from - year_end_ <= 3;
    const Text left = small_word_before(from);
    const bool month = std::any_of(kMonths.begin(), kMonths.end(), [&](View name) { return left == small(name); });
    if (behind_year || month || holds(kBeforeYears, left)) return english_year(year);
    std::size_t end = number.end;
    if (is_one_of(at(text_, after_spaces(end)), U"-–")) end = digits_end(after_spaces(after_spaces(end) + 1));
    const View noun = word_at(after_spaces(end));
    const bool plural = !noun.empty() && is_lower(noun.front()) && noun.size() > 2 && noun.ends_with(U's') &&
                        !noun.ends_with(U"ss") && !holds(kNoPlurals, noun);
    if (is_space(at(text_, end)) && (plural || holds(kCounted, noun))) return std::nullopt;
    return english_year(year);
}

/// "1990s", "'90s".
bool EnglishReading::decade() {
    const std::size_t from = at_ + (here() == U'\'' ? 1 : 0);
    if (from > at_ && is_alphanumeric(before(text_, at_))) return false;
    const std::size_t end = digits_end(from);
    if (end != from + 2 && end != from + 4) return false;
    const std::size_t letter = at(text_, end) == U'\'' ? end + 1 : end;
    if (at(text_, letter) != U's' || is_alphanumeric(at(text_, letter + 1)) || text_[end - 1] != U'0') return false;
    const int decade = value(from, end);
    if ((end == from + 4 && (decade <= 1000 || decade > 2099)) || decade == 0) return false;
    put(english_plural(end == from + 4 ? english_year(decade) : english_cardinal(text_.substr(from, 2))), letter + 1);
    return true;
}

/// "10:30", "3:00 pm", "5pm", "10:30:20".
bool EnglishReading::clock() {
    auto clock = clock_at(at_, U":");
    const bool colon = clock.has_value();
    if (!clock) {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 2 || value(at_, end) > 12) return false;
        clock = Clock{value(at_, end), 0, -1, end};
    }
    const std::size_t next = after_spaces(clock->end);
    const auto half = [&](View letters, View dotted) { return matches_word(next, letters) || matches(next, dotted); };
    const bool morning = half(U"am", U"a.m");
    const bool named = morning || half(U"pm", U"p.m");
    if (!colon && !named) return false;
    Text words = Reading::cardinal(clock->hour);
    if (clock->minute == 0 && clock->second < 0) {
        const bool told = matches(next, U"o'clock") || matches_word(next, U"hours") || matches_word(next, U"hrs");
        if (clock->hour % 24 == 0)
            words = U"midnight";
        else if (!named && !told)
            words += clock->hour > 12 ? U" hundred" : U" o'clock";
    } else {
        words += (clock->minute == 0 ? U" " : clock->minute < 10 ? U" oh " : U" ") + Reading::cardinal(clock->minute);
        if (clock->second >= 0)
            words += U" and " + Reading::cardinal(clock->second) + (clock->second == 1 ? U" second" : U" seconds");
    }
    const bool letters_only = named && at(text_, next + 1) != U'.';
    put(words, letters_only ? next + 2 : clock->end);
    if (letters_only) {
        const bool follows = is_space(out_.back());
        if (follows) out_.pop_back();
        out_ += morning ? U" AM" : U" PM";
        if (follows) out_ += U' ';
    }
    if (is_one_of(here(), U"-–") && is_digit(here(1))) put(words_.to, at_ + 1);
    return true;
}

Text EnglishReading::date_words(const Date& date) const {
    Text words = Text(kMonths[static_cast<std::size_t>(date.month - 1)]) + U" " + day_words(date.day);
    if (date.year >= 0) words += U", " + year_words(date.year);
    return words;
}

/// "2024-10-03", "10/03/2024", "3.10.2024".
bool EnglishReading::numeric_date() {
    if (is_one_of(before(text_, at_), U"/-.")) return false;
    if (const auto date = iso_date_at(at_)) {
        put(date_words(*date), date->end);
        if (here() == U'T' && is_digit(here(1))) {
            ++at_;
            out_ += U", ";
        }
        return true;
    }
    auto date = date_at(at_, U'/');
    if (date && !day_first_) std::swap(date->day, date->month);
    if (!date) {
        date = date_at(at_, U'.');
        if (date && digits_end(date->end - 4) != date->end) date.reset();
    }
    if (!date || date->year < 0) return false;
    if (date->month > 12) std::swap(date->day, date->month);
    if (date->month > 12) return false;
    put(date_words(*date), date->end);
    return true;
}

/// The month whose name, or the beginning of it with or without a full stop, stands at `from`.
std::optional<EnglishReading::Month> EnglishReading::month_at(std::size_t from) const {
    for (std::size_t i = 0; i < kMonths.size(); ++i)
        if (stands(from, kMonths[i]) && !is_alphanumeric(at(text_, from + kMonths[i].size())))
            return Month{static_cast<int>(i + 1), from + kMonths[i].size(), false};
    for (const auto& [name, number] : kShortMonths) {
        std::size_t end = from + name.size();
        if (!stands(from, name) || is_alphanumeric(at(text_, end))) continue;
        if (at(text_, end) == U'.') ++end;
        return Month{number, end, true};
    }
    return std::nullopt;
}

/// A day of a month at `from`: "3", "3rd"; 0 if none.
int EnglishReading::day_at(std::size_t from, std::size_t& end) const {
    end = digits_end(from);
    if (end == from || end > from + 2) return 0;
    const int day = value(from, end);
    for (const View suffix : {U"st", U"nd", U"rd", U"th"})
        if (stands(end, suffix)) end += 2;
    const char32_t behind = at(text_, end);
    const bool goes_on = is_alphanumeric(behind) || is_one_of(behind, U":/%°") ||
                         (is_one_of(behind, U".,") && is_digit(at(text_, end + 1)));
    return goes_on || day > 31 ? 0 : day;
}

/// Behind a day and month: ", 2024" or " 2024".
void EnglishReading::year_behind() {
    std::size_t from = here() == U',' ? at_ + 1 : at_;
    from = after_spaces(from);
    if (from == at_ || digits_end(from) != from + 4 || is_alphanumeric(at(text_, from + 4))) return;
    const int year = value(from, from + 4);
    if (year < 1000 || year > 2099) return;
    out_ += U", " + english_year(year);
    at_ = from + 4;
}

/// "October 3, 2024", "Oct. 3rd", "May 5-7"; "Oct. 2024".
bool EnglishReading::month_day() {
    const auto month = month_at(at_);
    if (!month) return false;
    const std::size_t next = after_spaces(month->end);
    std::size_t end = 0;
    const int day = next > month->end ? day_at(next, end) : 0;
    const Text name(kMonths[static_cast<std::size_t>(month->number - 1)]);
    if (day > 0) {
        put(name + U" " + day_words(day), end);
        std::size_t last_end = 0;
        if (is_one_of(here(), U"-–"))
            if (const int last = day_at(at_ + 1, last_end); last > day)
                put(Text(words_.to) + U" " + day_words(last), last_end);
        year_behind();
        return true;
    }
    const bool year = next > month->end && digits_end(next) == next + 4;
    const bool dotted = text_[month->end - 1] == U'.';
    if (!month->shortened || !(year || dotted)) return false;
    put(name, month->end);
    if (dotted && next >= text_.size()) out_ += U'.';
    return true;
}

/// "3 October 2024", "the 3rd Oct".
bool EnglishReading::day_month() {
    std::size_t end = 0;
    const int day = day_at(at_, end);
    if (day == 0 || !is_space(at(text_, end))) return false;
    const auto month = month_at(after_spaces(end));
    // "3 May" is a date, "5 mar" nothing.
    if (!month) return false;
    const bool the = small_word_before(at_) == U"the";
    put((the ? U"" : U"the ") + day_words(day) + U" of " + Text(kMonths[static_cast<std::size_t>(month->number - 1)]),
        month->end);
    year_behind();
    return true;
}

/// "Mon., Oct. 3"; a full stop that ends a sentence makes no day of "Sun.".
bool EnglishReading::weekday() {
    for (const auto& [name, day] : kShortDays) {
        if (!stands(at_, name) || is_alphanumeric(here(name.size()))) continue;
        const bool dotted = here(name.size()) == U'.';
        std::size_t next = at_ + name.size() + (dotted ? 1 : 0);
        if (at(text_, next) == U',')
            next = after_spaces(next + 1);
        else if (is_one_of(at(text_, next), U"-–"))
            ++next;
        else
            next = after_spaces(next);
        const bool day_behind = std::any_of(kShortDays.begin(), kShortDays.end(), [&](const auto& one) {
            return stands(next, one.first) && !is_lower(at(text_, next + 5));
        });
        const bool range_before = is_one_of(before(text_, at_), U"-–") && at_ >= 2 && is_letter(text_[at_ - 2]);
        if (!(month_at(next) || day_behind || range_before || (dotted && is_digit(at(text_, next))))) continue;
        put(day, at_ + name.size() + (dotted ? 1 : 0));
        if (day_behind && is_one_of(here(), U"-–")) put(words_.to, at_ + 1);
        return true;
    }
    return false;
}

}  // namespace antiphon::speak
