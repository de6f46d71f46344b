// One text being read in one language: a place in it, the words so far, and the rules that all languages
// share. A language derives from this, says its numbers, and puts its own rules first.
//
// pure. Work is linear: a rule looks back and ahead by a bounded number of characters, or moves over what
// it looked at.
#pragma once

#include "speak/characters.hpp"
#include "speak/language_text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::speak {

class Reading {
public:
    using Text = std::u32string;
    using View = std::u32string_view;

    Reading(View text, const LanguageWords& words) : text_(text), words_(words) {}
    virtual ~Reading() = default;

    Text spoken();

protected:
    /// A number as it is written, without sign: "1,234.5".
    struct Number {
        Text whole;  ///< its digits, without the marks between groups
        Text part;   ///< the digits behind the decimal mark
        std::size_t end = 0;
        bool grouped = false;

        bool is_one() const { return whole == U"1" && part.empty(); }
        bool plain() const { return part.empty() && !grouped; }
    };
    /// "10:30", "14.30" or "10:30:05".
    struct Clock {
        int hour = 0;
        int minute = 0;
        int second = -1;
        std::size_t end = 0;
    };
    struct Date {
        int day = 0;
        int month = 0;
        int year = -1;
        std::size_t end = 0;
    };

    struct Slashed {
        int numerator = 0;
        int denominator = 0;
        std::size_t end = 0;
    };
    /// A Roman numeral, regular and up to 399.
    struct Roman {
        int value = 0;
        std::size_t end = 0;
    };

    /// The language's rules at at_, before the common ones: true if one of them moved on.
    virtual bool own_rule() = 0;
    /// Digits without marks, as a number; too long ones and those with leading zeros digit by digit.
    virtual Text cardinal(View digits) const = 0;
    /// Of 1 before a noun that the tables do not know: "ein".
    virtual Text one_before(View noun) const = 0;
    /// A plain number of four digits that names a year, if it can be one here.
    virtual std::optional<Text> year_at(std::size_t from, const Number& number) const = 0;
    /// Whether an amount at `from` only describes the noun behind it, which keeps it in the singular: "a $5
    /// bill". Languages without this have it so.
    virtual bool describes(std::size_t from, std::size_t end) const;
    /// "three quarters"; behind a whole number "and three quarters". Nothing if nobody says it so.
    virtual std::optional<Text> fraction(int numerator, int denominator, bool after_number) const = 0;

    // Looking.
    bool begins() const { return !is_alphanumeric(before(text_, at_)); }
    char32_t here(std::size_t ahead = 0) const { return at(text_, at_ + ahead); }
    bool matches(std::size_t from, View small) const;  ///< small letters, compared without case (Latin-1)
    bool matches_word(std::size_t from, View small) const;
    bool stands(std::size_t from, View exact) const {
        return text_.substr(std::min(from, text_.size()), exact.size()) == exact;
    }
    std::size_t after_spaces(std::size_t from) const;
    std::size_t after_one_space(std::size_t from) const { return is_space(at(text_, from)) ? from + 1 : from; }
    std::size_t digits_end(std::size_t from) const;
    View word_at(std::size_t from) const;       ///< letters; empty if none begins there
    View word_before(std::size_t index) const;  ///< parted by spaces only; empty if none
    Text small_word_before(std::size_t index) const;
    Text small(View text) const;
    int value(std::size_t from, std::size_t end) const;  ///< of at most 9 digits

    std::optional<Number> number_at(std::size_t from) const;
    std::optional<Clock> clock_at(std::size_t from, View marks) const;
    /// Day, month and year behind `mark`s, in this order; the year may be missing where `mark` follows.
    std::optional<Date> date_at(std::size_t from, char32_t mark) const;
    std::optional<Date> iso_date_at(std::size_t from) const;

    /// "3/4" or one sign for it.
    std::optional<Slashed> slashed_at(std::size_t from) const;
    std::optional<Roman> roman_here() const;

    // Saying.
    /// As a word of its own; then the reading goes on at `end`.
    void put(View word, std::size_t end);
    Text cardinal(int value) const;
    Text digits(View digits) const;  ///< one by one
    Text spoken_number(const Number& number) const;

    // Rules, true if they moved on.
    bool address();
    bool version();
    bool version_mark();  ///< only at the beginning of a word, where the language looks for it
    bool phone();
    bool abbreviation();
    bool currency_first();
    bool number();
    bool minus();
    bool sign();
    bool tag();
    bool dot();
    bool slash();
    bool say_number(const Number& number);
    bool range_follows(std::size_t from, const Number& number) const;
    bool number_in_word();
    bool say_fraction();

    const View text_;
    const LanguageWords& words_;
    std::size_t at_ = 0;
    Text out_;
    std::size_t year_end_ = 0;  ///< where a number that was read as a year ended

private:
    bool common_rule();
    const Scale* scale_at(std::size_t from, bool money) const;
    const Unit* unit_at(std::size_t from) const;
    const Currency* currency_at(std::size_t from) const;
    Text amount(const Number& number, const Scale* scale, View one, View many) const;
    Text money(const Number& number, const Scale* scale, const Currency& currency) const;
    Text address_words(View name) const;
    Text domain_words(View domain) const;
    Text label_words(View label) const;
    void finish_amount();
    void finish_unit(const Unit& unit);
    bool power();
    bool equals();
    bool compared();
    bool plus();
    bool word_behind_at_end(const Abbreviation& one, std::size_t end) const;
};

/// The reader of the language whose Reading this is: one that is made of a text and the tag's region.
template <typename LanguageReading>
class ReaderOf final : public LanguageReader {
public:
    std::u32string read(std::u32string_view text, std::string_view region) const override {
        return LanguageReading(text, region).spoken();
    }
};

/// Whether the word is on the list.
bool holds(std::span<const std::u32string_view> list, std::u32string_view word);
/// The number of a Roman numeral in its regular form (1 to 3999): XIV, not XIIII.
std::optional<int> roman_number(std::u32string_view letters);
/// "42" as the digits that cardinal() takes.
std::u32string digits_of(int value);

/// The letters in a chain that every synthesizer spells: "I-O".
std::u32string spelled_letters(std::u32string_view letters);

}  // namespace antiphon::speak
