// The common rules for numbers, and for what stands before and behind them.
#include "speak/text_reading.hpp"

#include <algorithm>
#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

bool is_dash(char32_t point) {
    return point == U'-' || point == U'–' || point == 0x2212 || point == 0x2010 || point == 0x2011;
}

/// The noun of "ein Kilometer".
View noun_of(View one) { return one.substr(one.find(U' ') == View::npos ? 0 : one.find(U' ') + 1); }

struct Vulgar {
    char32_t point;
    int numerator, denominator;
};
constexpr std::array<Vulgar, 16> kVulgar{{{U'½', 1, 2},
                                          {U'⅓', 1, 3},
                                          {U'⅔', 2, 3},
                                          {U'¼', 1, 4},
                                          {U'¾', 3, 4},
                                          {U'⅕', 1, 5},
                                          {U'⅖', 2, 5},
                                          {U'⅗', 3, 5},
                                          {U'⅘', 4, 5},
                                          {U'⅙', 1, 6},
                                          {U'⅚', 5, 6},
                                          {U'⅛', 1, 8},
                                          {U'⅜', 3, 8},
                                          {U'⅝', 5, 8},
                                          {U'⅞', 7, 8},
                                          {U'⅒', 1, 10}}};

}  // namespace

const Scale* Reading::scale_at(std::size_t from, bool money) const {
    for (const Scale& scale : words_.scales) {
        if (scale.money_only && !money) continue;
        const char32_t behind = at(text_, from + scale.sign.size());
        if (stands(from, scale.sign) && !(is_letter(scale.sign.back()) && is_alphanumeric(behind))) return &scale;
    }
    return nullptr;
}

const Unit* Reading::unit_at(std::size_t from) const {
    const std::size_t spaced = after_one_space(from);
    for (const Unit& unit : words_.units) {
        if (unit.tight && spaced != from) continue;
        if (!stands(spaced, unit.sign)) continue;
        if (is_letter(unit.sign.back()) && is_alphanumeric(at(text_, spaced + unit.sign.size()))) continue;
        return &unit;
    }
    return nullptr;
}

const Currency* Reading::currency_at(std::size_t from) const {
    for (const Currency& currency : words_.currencies) {
        if (!stands(from, currency.sign)) continue;
        if (is_letter(currency.sign.back()) && is_letter(at(text_, from + currency.sign.size()))) continue;
        return &currency;
    }
    return nullptr;
}

Text Reading::amount(const Number& number, const Scale* scale, View one, View many) const {
    if (scale) {
        const Text scaled = number.is_one() ? Text(scale->one) : spoken_number(number) + U" " + Text(scale->many);
        return many.empty() ? scaled : scaled + U" " + Text(many);
    }
    if (number.is_one() && !one.empty()) return Text(one);
    return spoken_number(number) + U" " + Text(many);
}

/// "5 dollars and 50 cents"; cents only where there are two digits of them.
Text Reading::money(const Number& number, const Scale* scale, const Currency& currency) const {
    if (scale || number.part.size() != 2 || currency.coins.empty())
        return amount(number, scale, currency.one, currency.many);
    const View coins_digits = number.part.front() == U'0' ? View(number.part).substr(1) : View(number.part);
    Number whole = number;
    whole.part.clear();
    if (coins_digits == U"0") return amount(whole, nullptr, currency.one, currency.many);
    const bool alone = number.whole == U"0";
    Text coins = cardinal(coins_digits);
    if (alone || words_.names_coins)
        coins = coins_digits == U"1" ? Text(currency.one_coin) : coins + U" " + Text(currency.coins);
    if (alone) return coins;
    Text out = amount(whole, nullptr, currency.one, currency.many);
    if (!words_.coin_joiner.empty()) out += U" " + Text(words_.coin_joiner);
    return out + U" " + coins;
}

/// Behind an amount: "/month", or the other end of a range.
void Reading::finish_amount() {
    if (here() == U'/' && is_letter(here(1))) {
        ++at_;
        put(words_.per, at_);
        if (const Unit* unit = unit_at(at_); unit && is_letter(unit->sign.front())) {
            out_ += noun_of(unit->one);
            at_ += unit->sign.size();
        }
        return;
    }
    const bool money_or_digit = is_digit(here(1)) || is_one_of(here(1), U"$€£¥₹");
    if (is_dash(here()) && money_or_digit) put(words_.to, at_ + 1);
}

/// "$5", "$2.5 million", "£3.20", "US$10", "EUR 20", "$5-10".
bool Reading::currency_first() {
    const Currency* currency = currency_at(at_);
    if (!currency) return false;
    const bool letters = is_letter(currency->sign.back());
    std::size_t from = at_ + currency->sign.size();
    if (letters && !is_space(at(text_, from))) return false;
    from = after_one_space(from);
    const bool negative = is_dash(at(text_, from)) && is_digit(at(text_, from + 1)) && before(text_, from) != U' ';
    if (negative) ++from;
    const auto number = number_at(from);
    if (!number) return false;
    if (negative) put(words_.minus, from);
    if (range_follows(from, *number)) {
        const auto end = number_at(number->end + 1);
        const Scale* scale = scale_at(end->end, true);
        put(spoken_number(*number) + U" " + Text(words_.to) + U" " + amount(*end, scale, {}, currency->many),
            end->end + (scale ? scale->sign.size() : 0));
        return true;
    }
    const Scale* scale = scale_at(number->end, true);
    const std::size_t end = number->end + (scale ? scale->sign.size() : 0);
    if (number->part.size() != 2 && describes(at_, end))
        put(amount(*number, scale, noun_of(currency->one), noun_of(currency->one)), end);
    else
        put(money(*number, scale, *currency), end);
    finish_amount();
    return true;
}

bool Reading::number() {
    const auto number = number_at(at_);
    return number && say_number(*number);
}

bool Reading::say_number(const Number& number) {
    const std::size_t from = at_;
    const auto year = year_at(from, number);
    if (range_follows(from, number)) {
        put(year ? *year : spoken_number(number), number.end);
        if (year) year_end_ = number.end;
        at_ = after_spaces(number.end) + 1;
        out_ += U' ';
        out_ += words_.to;
        out_ += U' ';
        at_ = after_spaces(at_);
        return true;
    }
    const Scale* scale = scale_at(number.end, false);
    const std::size_t end = number.end + (scale ? scale->sign.size() : 0);
    const std::size_t next = after_one_space(end);
    if (const Currency* currency = currency_at(next); currency && !is_digit(at(text_, next + currency->sign.size()))) {
        put(money(number, scale, *currency), next + currency->sign.size());
        finish_amount();
        return true;
    }
    if (const Unit* unit = unit_at(end)) {
        const std::size_t sign = unit->tight ? end : next;
        const std::size_t behind = sign + unit->sign.size();
        put(amount(number, scale, unit->one, describes(from, behind) ? noun_of(unit->one) : unit->many), behind);
        finish_unit(*unit);
        return true;
    }
    if (scale) {
        put(amount(number, scale, {}, {}), end);
        return true;
    }
    // "a 5-km run"
    if (at(text_, end) == U'-' && is_letter(at(text_, end + 1)))
        if (const Unit* unit = unit_at(end + 1); unit && !unit->tight) {
            put(spoken_number(number) + U"-" + Text(noun_of(unit->one)), end + 1 + unit->sign.size());
            return true;
        }
    if (number.plain() && say_fraction()) return true;
    if (number.plain())
        if (const auto slashed = slashed_at(after_one_space(end)); slashed && slashed->numerator < slashed->denominator)
            if (const auto words = fraction(slashed->numerator, slashed->denominator, true)) {
                put(spoken_number(number) + U" " + *words, slashed->end);
                return true;
            }
    const std::size_t sign = after_spaces(end);
    if (is_one_of(at(text_, sign), U"xX") && is_digit(at(text_, after_spaces(sign + 1))) && sign <= end + 1) {
        put((year ? *year : spoken_number(number)) + U" " + Text(words_.by) + U" ", after_spaces(sign + 1));
        return true;
    }
    if (at(text_, end) == U':' && is_digit(at(text_, end + 1)) && before(text_, from) != U':') {
        put(spoken_number(number) + U" " + Text(words_.ratio) + U" ", end + 1);
        return true;
    }
    if (year) {
        put(*year, end);
        year_end_ = end;
        return true;
    }
    const View noun = is_space(at(text_, end)) ? word_at(end + 1) : View();
    put(number.is_one() && !noun.empty() ? one_before(noun) : spoken_number(number), end);
    return true;
}

/// "10–20" and, where it can only be a range, "3-5". `number` begins at `from`.
bool Reading::range_follows(std::size_t from, const Number& number) const {
    std::size_t dash = number.end;
    const bool spaced = is_space(at(text_, dash)) && at(text_, dash + 1) == U'–' && is_space(at(text_, dash + 2));
    if (spaced) ++dash;
    if (!is_dash(at(text_, dash)) || at(text_, dash) == 0x2212) return false;
    const auto to = number_at(dash + (spaced ? 2 : 1));
    if (!to) return false;
    if (at(text_, dash) == U'–') return true;
    const bool chained = at(text_, to->end) == U'-' || is_one_of(before(text_, from), U"-/(+");
    if (chained) return false;
    const std::size_t left = number.whole.size(), right = to->whole.size();
    const bool ascends = left < right || (left == right && number.whole < to->whole);
    if (number.grouped || to->grouped) return ascends;
    if (ascends) return (left <= 3 && right <= 3) || (left == 4 && right == 4) || !number.part.empty();
    return left <= 2 && right <= 2;
}

std::optional<Reading::Slashed> Reading::slashed_at(std::size_t from) const {
    for (const Vulgar& one : kVulgar)
        if (at(text_, from) == one.point) return Slashed{one.numerator, one.denominator, from + 1};
    const std::size_t slash = digits_end(from);
    if (slash == from || slash > from + 4 || !is_one_of(at(text_, slash), U"/⁄")) return std::nullopt;
    const std::size_t end = digits_end(slash + 1);
    if (end == slash + 1 || end > slash + 5 || is_alphanumeric(at(text_, end))) return std::nullopt;
    if (is_one_of(at(text_, end), U"/⁄") || (is_one_of(at(text_, end), U".,") && is_digit(at(text_, end + 1))))
        return std::nullopt;
    if (before(text_, from) == U'/' || (before(text_, from) == U'.' && is_digit(before(text_, from - 1))))
        return std::nullopt;
    return Slashed{value(from, slash), value(slash + 1, end), end};
}

bool Reading::say_fraction() {
    const auto slashed = slashed_at(at_);
    if (!slashed) return false;
    const auto words = fraction(slashed->numerator, slashed->denominator, false);
    if (!words) return false;
    put(*words, slashed->end);
    if (const Unit* unit = unit_at(slashed->end); unit && !unit->tight) {
        put(noun_of(unit->one), after_one_space(slashed->end) + unit->sign.size());
        finish_unit(*unit);
    }
    return true;
}

/// The full stop of "tsp." inside a sentence goes.
void Reading::finish_unit(const Unit& unit) {
    const char32_t next = at(text_, after_spaces(at_ + 1));
    if (here() == U'.' && is_letter(unit.sign.back()) && is_space(here(1)) && is_lower(next)) ++at_;
    finish_amount();
}

/// "MP3", "report2024": digits that go on in a word.
bool Reading::number_in_word() {
    if (!is_digit(here()) || !is_letter(before(text_, at_))) return false;
    Number number;
    number.end = digits_end(at_);
    number.whole = text_.substr(at_, number.end - at_);
    const auto year = number.whole.size() == 4 ? year_at(at_, number) : std::nullopt;
    put(year ? *year : number.whole.size() <= 3 ? cardinal(View(number.whole)) : digits(number.whole), number.end);
    return true;
}

/// "-5", "-$3", "10 - 3 = 7".
bool Reading::minus() {
    if (!is_dash(here())) return false;
    const char32_t left = before(text_, at_);
    if (here() == 0x2212) {
        put(words_.minus, at_ + 1);
        return true;
    }
    const bool number = is_digit(here(1)) || (is_one_of(here(1), U"$€£¥.,") && is_digit(here(2)));
    if (number && !is_alphanumeric(left) && !is_one_of(left, U")]-–%°.,:/'\"")) {
        put(words_.minus, at_ + 1);
        if (!is_space(out_.back())) out_ += U' ';
        return true;
    }
    if (!(is_space(left) && is_space(here(1)) && is_alphanumeric(before(text_, at_ - 1)))) return false;
    // A spaced dash between terms counts only in an equation.
    for (std::size_t back = at_; back > 0 && back + 16 > at_; --back) {
        if (text_[back - 1] != U'=') continue;
        put(words_.minus, at_ + 1);
        return true;
    }
    for (std::size_t ahead = 2; ahead < 24; ++ahead) {
        const char32_t point = here(ahead);
        if (point == U'=') {
            put(words_.minus, at_ + 1);
            return true;
        }
        if (!is_digit(point) && !is_one_of(point, U" +-*×x().")) return false;
    }
    return false;
}

}  // namespace antiphon::speak
