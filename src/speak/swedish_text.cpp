#include "speak/swedish_text.hpp"

#include "speak/swedish_numbers_text.hpp"
#include "speak/swedish_tables_text.hpp"
#include "speak/text_reading.hpp"

#include <algorithm>
#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 12> kMonths{U"januari", U"februari", U"mars",      U"april",   U"maj",      U"juni",
                                       U"juli",    U"augusti",  U"september", U"oktober", U"november", U"december"};
constexpr std::array<View, 9> kKings{U"karl",  U"carl",  U"gustav",  U"gustaf",  U"erik",
                                     U"oskar", U"oscar", U"fredrik", U"kristian"};
constexpr std::array<View, 18> kRulers{U"henrik",    U"ludvig",    U"georg",    U"edvard",   U"elisabet", U"elizabeth",
                                       U"margareta", U"margrethe", U"paulus",   U"benedikt", U"vilhelm",  U"pius",
                                       U"filip",     U"nikolaus",  U"katarina", U"harald",   U"haakon",   U"johan"};
constexpr std::array<View, 8> kNumbered{U"kapitel", U"del", U"band", U"akt", U"scen", U"fas", U"typ", U"klass"};

class SwedishReading : public Reading {
public:
    SwedishReading(View text, std::string_view) : Reading(text, kSwedishWords) {}

protected:
    bool own_rule() override {
        if (!begins()) return false;
        if (is_digit(here())) return numeric_date() || clock() || day_month() || ordinal() || compound();
        return is_letter(here()) && (roman() || version_mark());
    }

    Text cardinal(View digits) const override { return swedish_cardinal(digits); }
    /// Three nouns of four take "en".
    Text one_before(View) const override { return U"en"; }

    std::optional<Text> year_at(std::size_t from, const Number& number) const override {
        if (!number.plain() || number.whole.size() != 4) return std::nullopt;
        const int year = value(number.end - 4, number.end);
        if (year < 1100 || year > 2099) return std::nullopt;
        const View noun = word_at(after_one_space(number.end));
        const bool counted = is_space(at(text_, number.end)) &&
                             (noun.ends_with(U"or") || noun.ends_with(U"ar") || noun.ends_with(U"er")) &&
                             small_word_before(from) != U"år";
        if (counted && year >= 2000) return std::nullopt;
        return swedish_year(year);
    }

    std::optional<Text> fraction(int numerator, int denominator, bool after_number) const override {
        if (numerator == 0 || denominator < 2 || denominator > 20) return std::nullopt;
        const bool one = numerator == 1;
        Text words;
        if (denominator == 2) {
            words = one ? Text(U"en halv") : Reading::cardinal(numerator) + U" halva";
        } else {
            Text part = swedish_ordinal(digits_of(denominator));
            // "femtedel", "sjundedel", but "åttondel": there the -de goes.
            if (part.ends_with(U"nde") && denominator > 7) part.resize(part.size() - 2);
            words = (one ? Text(U"en") : Reading::cardinal(numerator)) + U" " + part + (one ? U"del" : U"delar");
        }
        return after_number ? U"och " + words : words;
    }

private:
    bool month_at(std::size_t from, int& month, std::size_t& end) const {
        for (std::size_t i = 0; i < kMonths.size(); ++i) {
            end = from + kMonths[i].size();
            month = static_cast<int>(i + 1);
            if (matches_word(from, kMonths[i])) return true;
        }
        constexpr std::array<std::pair<View, int>, 9> kShort{{{U"jan.", 1},
                                                              {U"feb.", 2},
                                                              {U"apr.", 4},
                                                              {U"aug.", 8},
                                                              {U"sept.", 9},
                                                              {U"sep.", 9},
                                                              {U"okt.", 10},
                                                              {U"nov.", 11},
                                                              {U"dec.", 12}}};
        for (const auto& [name, number] : kShort) {
            end = from + name.size();
            month = number;
            if (matches(from, name)) return true;
        }
        return false;
    }

    Text date_words(int day, int month, int year) const {
        Text words = swedish_ordinal(digits_of(day)) + U" " + Text(kMonths[static_cast<std::size_t>(month - 1)]);
        if (year >= 0) words += U" " + (year >= 1100 && year < 2100 ? swedish_year(year) : Reading::cardinal(year));
        return words;
    }

    /// "2024-10-03", "3.10.2024", "3/10 2024", "den 3/10".
    bool numeric_date() {
        if (is_one_of(before(text_, at_), U".-/")) return false;
        auto date = iso_date_at(at_);
        if (!date) date = date_at(at_, U'.');
        if (!date || date->year < 0) date = slashed_date();
        if (!date || date->month > 12) return false;
        put(date_words(date->day, date->month, date->year), date->end);
        return true;
    }
    std::optional<Date> slashed_date() const {
        if (auto date = date_at(at_, U'/'); date && date->year >= 0) return date;
        const auto slashed = slashed_at(at_);
        if (!slashed || slashed->numerator > 31 || slashed->denominator > 12 || slashed->numerator < 1 ||
            slashed->denominator < 1)
            return std::nullopt;
        Date date{slashed->numerator, slashed->denominator, -1, slashed->end};
        const std::size_t year = after_one_space(slashed->end);
        if (year > slashed->end && digits_end(year) == year + 4 && value(year, year + 4) >= 1100 &&
            value(year, year + 4) < 2100) {
            date.year = value(year, year + 4);
            date.end = year + 4;
            return date;
        }
        if (small_word_before(at_) == U"den") return date;
        return std::nullopt;
    }

    /// "3 oktober 2024".
    bool day_month() {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 2 || !is_space(at(text_, end))) return false;
        const int day = value(at_, end);
        int month = 0;
        std::size_t month_end = 0;
        if (day < 1 || day > 31 || !month_at(after_spaces(end), month, month_end)) return false;
        const std::size_t year = after_one_space(month_end);
        const bool has_year = year > month_end && digits_end(year) == year + 4 && value(year, year + 4) >= 1000;
        put(date_words(day, month, has_year ? value(year, year + 4) : -1), has_year ? year + 4 : month_end);
        return true;
    }

    /// "14:30", "kl. 14.30".
    bool clock() {
        auto clock = clock_at(at_, U":.");
        if (!clock) return false;
        const bool named = [&] {
            // The word before may still have its full stop.
            std::size_t end = at_;
            while (end > 0 && is_space(text_[end - 1])) --end;
            if (end > 0 && text_[end - 1] == U'.') --end;
            const Text left = small_word_before(end);
            return left == U"kl" || left == U"klockan";
        }();
        if (text_[digits_end(at_)] == U'.' && !named) return false;
        Text words = Reading::cardinal(clock->hour);
        if (clock->minute == 0)
            words += named && clock->second < 0 ? U"" : U" noll noll";
        else
            words += (clock->minute < 10 ? U" noll " : U" och ") + Reading::cardinal(clock->minute);
        if (clock->second >= 0)
            words +=
                U" och " + (clock->second == 1 ? Text(U"en sekund") : Reading::cardinal(clock->second) + U" sekunder");
        put(words, clock->end);
        if (is_one_of(here(), U"-–") && is_digit(here(1))) put(words_.to, at_ + 1);
        return true;
    }

    /// "1:a", "3:e".
    bool ordinal() {
        const std::size_t end = digits_end(at_);
        if (at(text_, end) != U':' || !is_one_of(at(text_, end + 1), U"ae") || is_alphanumeric(at(text_, end + 2)))
            return false;
        put(swedish_ordinal(text_.substr(at_, end - at_)), end + 2);
        return true;
    }

    /// "90-talet", "15-årig": one word.
    bool compound() {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 6 || at(text_, end) != U'-') return false;
        constexpr std::array<View, 9> kTails{U"tal",    U"åri",     U"åring",   U"dagars",  U"procentig",
                                             U"faldig", U"kronors", U"timmars", U"minuters"};
        const View tail = word_at(end + 1);
        if (!std::any_of(kTails.begin(), kTails.end(), [&](View one) { return tail.starts_with(one); })) return false;
        const int number = value(at_, end);
        Text words = end == at_ + 4 && number >= 1100 && number < 2100
                         ? (number == 2000 ? Text(U"tjugohundra") : swedish_year(number))
                         : swedish_cardinal(text_.substr(at_, end - at_));
        put(words + Text(tail), end + 1 + tail.size());
        return true;
    }

    /// "Karl XII", "kapitel IV".
    bool roman() {
        const auto numeral = roman_here();
        if (!numeral) return false;
        const Text left = small_word_before(at_);
        if (holds(kNumbered, left)) {
            put(Reading::cardinal(numeral->value), numeral->end);
            return true;
        }
        if (!holds(kKings, left) && !holds(kRulers, left)) return false;
        Text ordinal = swedish_ordinal(digits_of(numeral->value));
        if (holds(kKings, left) && ordinal.ends_with(U'a')) ordinal.back() = U'e';
        put(U"den " + ordinal, numeral->end);
        return true;
    }
};

}  // namespace

const LanguageReader& swedish_reader() {
    static const ReaderOf<SwedishReading> reader;
    return reader;
}

}  // namespace antiphon::speak
