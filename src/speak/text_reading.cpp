#include "speak/text_reading.hpp"

#include <algorithm>
#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

/// How far back a word is looked for; keeps the work linear.
constexpr std::size_t kWordReach = 32;
/// Numbers longer than this are read digit by digit, so their groups do not matter.
constexpr std::size_t kMaxGroups = 8;

char32_t lower(char32_t point) { return is_upper(point) ? point + 32 : point; }
bool thin_space(char32_t point) { return point == U' ' || point == 0xA0 || point == 0x202F || point == 0x2009; }

}  // namespace

Text Reading::spoken() {
    while (at_ < text_.size())
        if (!(own_rule() || common_rule())) out_ += text_[at_++];
    return std::move(out_);
}

bool Reading::common_rule() {
    const char32_t point = text_[at_];
    if (is_digit(point) && begins()) return phone() || version() || number();
    if (is_letter(point) && begins()) return currency_first() || address() || abbreviation();
    return phone() || currency_first() || minus() || tag() || sign() || dot() || slash();
}

bool Reading::matches(std::size_t from, View small_text) const {
    for (std::size_t i = 0; i < small_text.size(); ++i)
        if (lower(at(text_, from + i)) != small_text[i]) return false;
    return true;
}
bool Reading::matches_word(std::size_t from, View small_text) const {
    return matches(from, small_text) && !is_alphanumeric(at(text_, from + small_text.size()));
}
std::size_t Reading::after_spaces(std::size_t from) const {
    while (is_space(at(text_, from))) ++from;
    return from;
}
std::size_t Reading::digits_end(std::size_t from) const {
    while (is_digit(at(text_, from))) ++from;
    return from;
}
View Reading::word_at(std::size_t from) const {
    std::size_t end = from;
    while (end < from + kWordReach && is_letter(at(text_, end))) ++end;
    return end > from ? text_.substr(from, end - from) : View();
}
View Reading::word_before(std::size_t index) const {
    std::size_t end = index;
    while (end > 0 && end + 4 > index && is_space(text_[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && end - begin < kWordReach && is_letter(text_[begin - 1])) --begin;
    return text_.substr(begin, end - begin);
}
Text Reading::small(View text) const {
    Text out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}
Text Reading::small_word_before(std::size_t index) const { return small(word_before(index)); }

int Reading::value(std::size_t from, std::size_t end) const {
    int number = 0;
    for (std::size_t i = from; i < std::min(end, from + 9); ++i)
        number = number * 10 + static_cast<int>(at(text_, i) - U'0');
    return number;
}

std::optional<Reading::Number> Reading::number_at(std::size_t from) const {
    Number number;
    number.end = digits_end(from);
    if (number.end == from) return std::nullopt;
    number.whole = text_.substr(from, number.end - from);
    const auto group_follows = [&](char32_t mark) {
        const char32_t found = at(text_, number.end);
        const bool same = found == mark || (mark == U' ' && thin_space(found));
        return same && digits_end(number.end + 1) == number.end + 4;
    };
    if (number.whole.size() <= 3 && number.whole.front() != U'0')
        for (const char32_t mark : words_.group_marks) {
            for (std::size_t groups = 0; groups < kMaxGroups && group_follows(mark); ++groups) {
                number.whole += text_.substr(number.end + 1, 3);
                number.end += 4;
                number.grouped = true;
            }
            if (number.grouped) break;
        }
    if (at(text_, number.end) == words_.decimal_mark && is_digit(at(text_, number.end + 1))) {
        const std::size_t part = number.end + 1;
        number.end = digits_end(part);
        number.part = text_.substr(part, number.end - part);
    }
    return number;
}

std::optional<Reading::Clock> Reading::clock_at(std::size_t from, View marks) const {
    const char32_t left = before(text_, from);
    if (left == U':' || left == U'.' || left == U',') return std::nullopt;
    const std::size_t mark = digits_end(from);
    if (mark == from || mark > from + 2 || !is_one_of(at(text_, mark), marks)) return std::nullopt;
    if (digits_end(mark + 1) != mark + 3) return std::nullopt;
    Clock clock{value(from, mark), value(mark + 1, mark + 3), -1, mark + 3};
    if (at(text_, clock.end) == text_[mark] && digits_end(clock.end + 1) == clock.end + 3) {
        clock.second = value(clock.end + 1, clock.end + 3);
        clock.end += 3;
    }
    if (is_alphanumeric(at(text_, clock.end)) && is_digit(at(text_, clock.end))) return std::nullopt;
    if (is_one_of(at(text_, clock.end), U":.,") && is_digit(at(text_, clock.end + 1))) return std::nullopt;
    if (clock.hour > 24 || clock.minute > 59 || clock.second > 59) return std::nullopt;
    return clock;
}

std::optional<Reading::Date> Reading::date_at(std::size_t from, char32_t mark) const {
    const std::size_t first = digits_end(from);
    if (first == from || first > from + 2 || at(text_, first) != mark) return std::nullopt;
    std::size_t month = first + 1;
    if (mark == U'.' && is_space(at(text_, month))) ++month;
    const std::size_t second = digits_end(month);
    if (second == month || second > month + 2 || at(text_, second) != mark) return std::nullopt;
    Date date{value(from, first), value(month, second), -1, second};
    if (date.day < 1 || date.month < 1 || date.day > 31 || date.month > 31) return std::nullopt;
    std::size_t year = second + 1;
    if (mark == U'.' && is_space(at(text_, year)) && digits_end(year + 1) == year + 5) ++year;
    const std::size_t third = digits_end(year);
    if (third == year + 4 || third == year + 2) {
        if (is_alphanumeric(at(text_, third))) return std::nullopt;
        if (is_one_of(at(text_, third), U"./") && is_digit(at(text_, third + 1))) return std::nullopt;
        date.year = value(year, third);
        if (third == year + 2) date.year += date.year < 50 ? 2000 : 1900;
        date.end = third;
    } else if (third > year || mark != U'.') {
        return std::nullopt;
    } else {
        date.end = second + 1;
    }
    return date;
}

std::optional<Reading::Date> Reading::iso_date_at(std::size_t from) const {
    const char32_t mark = at(text_, from + 4);
    if (digits_end(from) != from + 4 || !is_one_of(mark, U"-/")) return std::nullopt;
    if (digits_end(from + 5) != from + 7 || at(text_, from + 7) != mark) return std::nullopt;
    if (digits_end(from + 8) != from + 10 || at(text_, from + 10) == mark) return std::nullopt;
    const Date date{value(from + 8, from + 10), value(from + 5, from + 7), value(from, from + 4), from + 10};
    if (date.day < 1 || date.day > 31 || date.month < 1 || date.month > 12) return std::nullopt;
    return date;
}

void Reading::put(View word, std::size_t end) {
    at_ = end;
    if (!out_.empty() && !is_space(out_.back()) && !is_one_of(out_.back(), U"([{\"'“„«-–/") && !word.empty())
        out_ += U' ';
    out_ += word;
    if (is_alphanumeric(here())) out_ += U' ';
}

Text Reading::cardinal(int value) const { return cardinal(View(digits_of(value))); }
Text Reading::digits(View digits) const {
    Text out;
    for (std::size_t i = 0; i < digits.size(); ++i) out += (i > 0 ? U" " : U"") + cardinal(digits.substr(i, 1));
    return out;
}
Text Reading::spoken_number(const Number& number) const {
    Text out = cardinal(View(number.whole));
    if (!number.part.empty()) out += U" " + Text(words_.decimal) + U" " + digits(number.part);
    return out;
}

bool Reading::describes(std::size_t, std::size_t) const { return false; }

std::optional<Reading::Roman> Reading::roman_here() const {
    std::size_t end = at_;
    while (end < at_ + 8 && is_one_of(at(text_, end), U"IVXLC")) ++end;
    if (end == at_ || is_alphanumeric(at(text_, end))) return std::nullopt;
    if (at(text_, end) == U'.' && is_alphanumeric(at(text_, end + 1))) return std::nullopt;
    if (end == at_ + 1 && is_one_of(here(), U"LC")) return std::nullopt;
    const auto number = roman_number(text_.substr(at_, end - at_));
    return number ? std::optional(Roman{*number, end}) : std::nullopt;
}

bool holds(std::span<const View> list, View word) { return std::find(list.begin(), list.end(), word) != list.end(); }

std::optional<int> roman_number(View letters) {
    struct Step {
        View letters;
        int value;
    };
    constexpr std::array<Step, 13> kSteps{{{U"M", 1000},
                                           {U"CM", 900},
                                           {U"D", 500},
                                           {U"CD", 400},
                                           {U"C", 100},
                                           {U"XC", 90},
                                           {U"L", 50},
                                           {U"XL", 40},
                                           {U"X", 10},
                                           {U"IX", 9},
                                           {U"V", 5},
                                           {U"IV", 4},
                                           {U"I", 1}}};
    int value = 0;
    std::size_t taken = 0;
    for (const Step& step : kSteps) {
        const bool repeats = step.letters.size() == 1 && step.value != 500 && step.value != 50 && step.value != 5;
        for (int times = 0; times < (repeats ? 3 : 1) && letters.substr(taken).starts_with(step.letters); ++times) {
            value += step.value;
            taken += step.letters.size();
        }
    }
    // Regular forms only: IXV is none, and IXIII would have come out of the steps as well.
    if (taken != letters.size() || value == 0) return std::nullopt;
    Text regular;
    int rest = value;
    for (const Step& step : kSteps)
        for (; rest >= step.value; rest -= step.value) regular += step.letters;
    return regular == letters ? std::optional(value) : std::nullopt;
}

std::u32string digits_of(int value) {
    Text digits;
    for (const char digit : std::to_string(value)) digits += static_cast<char32_t>(digit);
    return digits;
}

std::u32string spelled_letters(View letters) {
    Text out;
    for (const char32_t letter : letters) {
        if (!out.empty()) out += U'-';
        out += letter >= U'a' && letter <= U'z' ? letter - 32 : letter;
    }
    return out;
}

}  // namespace antiphon::speak
