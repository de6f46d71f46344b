#include "speak/german_text.hpp"

#include "speak/german_numbers_text.hpp"
#include "speak/german_tables_text.hpp"
#include "speak/text_reading.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr std::array<View, 12> kMonths{U"Januar", U"Februar", U"März",      U"April",   U"Mai",      U"Juni",
                                       U"Juli",   U"August",  U"September", U"Oktober", U"November", U"Dezember"};
/// An ordinal behind these ends in -en ...
constexpr std::array<View, 23> kOblique{U"am",    U"dem",    U"den",    U"vom",    U"zum",   U"im",
                                        U"beim",  U"zur",    U"bis",    U"des",    U"ab",    U"seit",
                                        U"einem", U"einen",  U"meinem", U"seinem", U"ihrem", U"jedem",
                                        U"jeden", U"diesem", U"ihren",  U"seinen", U"meinen"};
/// ... in -e behind these (and behind "der", but "in der zweiten"), ...
constexpr std::array<View, 6> kDirect{U"die", U"das", U"diese", U"dieses", U"jede", U"jedes"};
constexpr std::array<View, 18> kBeforeDative{U"in",   U"mit",  U"aus",    U"bei",     U"nach",  U"von",
                                             U"zu",   U"seit", U"an",     U"auf",     U"ab",    U"unter",
                                             U"über", U"vor",  U"hinter", U"während", U"wegen", U"trotz"};
/// ... and in -er behind these and on its own.
constexpr std::array<View, 7> kBare{U"ein", U"kein", U"mein", U"dein", U"sein", U"ihr", U"unser"};

constexpr std::array<View, 14> kRulers{U"heinrich", U"ludwig",  U"karl",     U"friedrich", U"wilhelm",
                                       U"otto",     U"paul",    U"benedikt", U"pius",      U"johannes",
                                       U"georg",    U"philipp", U"napoleon", U"nikolaus"};
constexpr std::array<View, 4> kQueens{U"elisabeth", U"katharina", U"maria", U"margarethe"};
constexpr std::array<View, 10> kNumbered{U"kapitel", U"teil", U"band",   U"akt",     U"szene",
                                         U"phase",   U"typ",  U"klasse", U"artikel", U"stufe"};

class GermanReading : public Reading {
public:
    GermanReading(View text, std::string_view) : Reading(text, kGermanWords) {}

protected:
    bool own_rule() override {
        if (!begins()) return false;
        if (is_digit(here())) return numeric_date() || clock() || mixed() || decade() || compound() || ordinal();
        return is_letter(here()) && (roman() || weekday() || version_mark());
    }

    Text cardinal(View digits) const override { return german_cardinal(digits); }

    Text one_before(View noun) const override {
        // Only the ending tells: most nouns in -e, -ung, -heit, -keit and -ion are feminine.
        for (const View ending : {U"e", U"ung", U"heit", U"keit", U"ion"})
            if (is_upper(noun.front()) && noun.ends_with(ending)) return U"eine";
        return is_upper(noun.front()) ? U"ein" : U"eins";
    }

    std::optional<Text> year_at(std::size_t, const Number& number) const override {
        if (!number.plain() || number.whole.size() != 4) return std::nullopt;
        const int year = value(number.end - 4, number.end);
        if (year < 1100 || year > 1999) return std::nullopt;
        return german_hundreds(year);
    }

    std::optional<Text> fraction(int numerator, int denominator, bool) const override {
        if (numerator == 0 || denominator < 2 || denominator > 1000) return std::nullopt;
        if (denominator == 2) return numerator == 1 ? U"ein halb" : Reading::cardinal(numerator) + U" halbe";
        Text part = german_ordinal_stem(digits_of(denominator)) + U"el";
        if (part.front() < 0x80) part.front() -= 32;
        if (part.front() == U'ü') part.front() = U'Ü';
        return german_cardinal(digits_of(numerator), true) + U" " + part;
    }

private:
    /// The ending that the words before ask for; nothing if they ask for no ordinal.
    std::optional<View> ending() const {
        const View word = word_before(at_);
        const Text left = small(word);
        if (holds(kOblique, left)) return U"en";
        if (holds(kDirect, left)) return U"e";
        if (holds(kBare, left)) return U"er";
        if (left == U"der") {
            const auto begin = static_cast<std::size_t>(word.data() - text_.data());
            return holds(kBeforeDative, small_word_before(begin)) ? U"en" : U"e";
        }
        return std::nullopt;
    }

    Text date_words(const Date& date) const {
        Text words = german_ordinal_stem(digits_of(date.day)) + Text(ending().value_or(U"er")) + U" " +
                     Text(kMonths[static_cast<std::size_t>(date.month - 1)]);
        if (date.year >= 0) words += U" " + year_words(date.year);
        return words;
    }
    Text year_words(int year) const {
        return year >= 1100 && year < 2000 ? german_hundreds(year) : Reading::cardinal(year);
    }

    /// "3.10.2024", "3.10.", "2024-10-03".
    bool numeric_date() {
        if (is_one_of(before(text_, at_), U".-/")) return false;
        auto date = iso_date_at(at_);
        if (!date) date = date_at(at_, U'.');
        if (!date || date->month > 12) return false;
        put(date_words(*date), date->end);
        return true;
    }

    /// "14:30 Uhr", "14:30", "14.30 Uhr".
    bool clock() {
        auto clock = clock_at(at_, U":.");
        if (!clock) return false;
        const std::size_t next = after_one_space(clock->end);
        const bool named = matches_word(next, U"uhr");
        if (text_[digits_end(at_)] == U'.' && !named) return false;
        Text words = (clock->hour == 1 ? U"ein" : Reading::cardinal(clock->hour)) + U" Uhr";
        if (clock->minute > 0 || clock->second >= 0) words += U" " + Reading::cardinal(clock->minute);
        if (clock->second >= 0)
            words += U" und " + german_cardinal(digits_of(clock->second), true) +
                     (clock->second == 1 ? U"e Sekunde" : U" Sekunden");
        const bool short_named = matches_word(next, U"h") && next > clock->end;
        put(words, named ? next + 3 : short_named ? next + 1 : clock->end);
        if (is_one_of(here(), U"-–") && is_digit(here(1))) put(words_.to, at_ + 1);
        return true;
    }

    /// "2 1/2" is "zweieinhalb".
    bool mixed() {
        const auto number = number_at(at_);
        if (!number || !number->plain()) return false;
        const auto slashed = slashed_at(after_one_space(number->end));
        if (!slashed || slashed->numerator >= slashed->denominator) return false;
        const Text whole = german_cardinal(number->whole, true);
        if (slashed->denominator == 2)
            put(whole + U"einhalb", slashed->end);
        else if (const auto words = fraction(slashed->numerator, slashed->denominator, true))
            put(cardinal(View(number->whole)) + U" " + *words, slashed->end);
        else
            return false;
        return true;
    }

    /// "90er", "1990er".
    bool decade() {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 4 || !stands(end, U"er") || is_alphanumeric(at(text_, end + 2))) return false;
        const int number = value(at_, end);
        put((number >= 1100 && number < 2000 ? german_hundreds(number) : Reading::cardinal(number)) + U"er", end + 2);
        return true;
    }

    /// "3-mal", "10-jährige" and "3x": one word.
    bool compound() {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 6) return false;
        if (is_one_of(at(text_, end), U"x") && !is_alphanumeric(at(text_, end + 1)) &&
            !is_digit(at(text_, after_spaces(end + 1)))) {
            put(german_cardinal(text_.substr(at_, end - at_), true) + U"mal", end + 1);
            return true;
        }
        if (at(text_, end) != U'-') return false;
        constexpr std::array<View, 9> kTails{U"mal",     U"jährig",    U"tägig",  U"stündig", U"fach",
                                             U"minütig", U"prozentig", U"köpfig", U"monatig"};
        const View tail = word_at(end + 1);
        if (!std::any_of(kTails.begin(), kTails.end(), [&](View one) { return tail.starts_with(one); })) return false;
        put(german_cardinal(text_.substr(at_, end - at_), true) + Text(tail), end + 1 + tail.size());
        return true;
    }

    /// "am 3. Oktober", "die 2. Frage"; a full stop behind a number that ends a sentence stays one.
    bool ordinal() {
        const std::size_t end = digits_end(at_);
        if (end > at_ + 4 || at(text_, end) != U'.' || text_[at_] == U'0') return false;
        const View digits = text_.substr(at_, end - at_);
        const std::size_t next = after_spaces(end + 1);
        const auto wanted = ending();
        const auto stem = [&] { return german_ordinal_stem(digits) + Text(wanted.value_or(U"er")); };
        // "3.–5. Oktober"
        if (is_one_of(at(text_, next), U"-–")) {
            const std::size_t from = after_spaces(next + 1);
            const std::size_t to = digits_end(from);
            if (to == from || at(text_, to) != U'.' || !month_at(after_spaces(to + 1))) return false;
            put(stem() + U" " + Text(words_.to) + U" " +
                    german_ordinal_stem(text_.substr(from, std::min<std::size_t>(to - from, 4))) +
                    Text(wanted.value_or(U"er")),
                to + 1);
            return true;
        }
        const bool month = next > end + 1 && month_at(next);
        const bool noun = next > end + 1 && wanted && is_letter(at(text_, next));
        // A piece of an answer may end between the day and the month; "am 3." alone is an ordinal as well.
        const Text left = small_word_before(at_);
        const bool cut = next >= text_.size() && (left == U"am" || left == U"vom" || left == U"zum");
        if (!month && !noun && !cut) return false;
        put(stem(), end + 1);
        return true;
    }
    bool month_at(std::size_t from) const {
        return std::any_of(kMonths.begin(), kMonths.end(), [&](View name) {
            return stands(from, name) && !is_alphanumeric(at(text_, from + name.size()));
        });
    }

    /// "Ludwig XIV.", "Kapitel IV".
    bool roman() {
        const auto numeral = roman_here();
        if (!numeral) return false;
        const Text left = small_word_before(at_);
        const bool king = holds(kRulers, left), queen = holds(kQueens, left);
        if (!king && !queen && !holds(kNumbered, left)) return false;
        if (!king && !queen) {
            put(Reading::cardinal(numeral->value), numeral->end);
            return true;
        }
        Text name = german_ordinal_stem(digits_of(numeral->value)) + U"e";
        if (name.front() < 0x80) name.front() -= 32;
        if (name.front() == U'ü') name.front() = U'Ü';
        const std::size_t next = numeral->end + 1;
        const bool stop = at(text_, numeral->end) == U'.' && after_spaces(next) < text_.size();
        put((king ? U"der " : U"die ") + name, stop ? next : numeral->end);
        return true;
    }

    /// "Mo.–Fr. 9–17 Uhr", "Di., 3. Mai"; but "Fr. Müller" is a woman.
    bool weekday() {
        constexpr std::array<std::pair<View, View>, 7> kDays{{{U"Mo.", U"Montag"},
                                                              {U"Di.", U"Dienstag"},
                                                              {U"Mi.", U"Mittwoch"},
                                                              {U"Do.", U"Donnerstag"},
                                                              {U"Fr.", U"Freitag"},
                                                              {U"Sa.", U"Samstag"},
                                                              {U"So.", U"Sonntag"}}};
        for (const auto& [written, day] : kDays) {
            if (!stands(at_, written)) continue;
            const std::size_t end = at_ + written.size();
            const bool range = is_one_of(at(text_, end), U"-–") && is_upper(at(text_, end + 1));
            const bool listed = at(text_, end) == U',' || is_digit(at(text_, after_spaces(end)));
            if (!range && !listed && before(text_, at_) != U'–' && before(text_, at_) != U'-') return false;
            put(day, end);
            if (range) put(words_.to, at_ + 1);
            return true;
        }
        return false;
    }
};

}  // namespace

const LanguageReader& german_reader() {
    static const ReaderOf<GermanReading> reader;
    return reader;
}

}  // namespace antiphon::speak
