#include "speak/english_text.hpp"

#include "speak/characters.hpp"

#include <array>
#include <optional>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

char32_t lower(char32_t point) { return point >= U'A' && point <= U'Z' ? point + 32 : point; }
char32_t upper(char32_t point) { return point >= U'a' && point <= U'z' ? point - 32 : point; }

bool matches(View text, std::size_t index, View small) {
    for (std::size_t i = 0; i < small.size(); ++i)
        if (lower(at(text, index + i)) != small[i]) return false;
    return true;
}
std::size_t after_spaces(View text, std::size_t index) {
    while (index < text.size() && is_space(text[index])) ++index;
    return index;
}

struct Currency {
    char32_t sign;
    View one, many;
    View cent, cents;  ///< empty: none
};
constexpr std::array<Currency, 5> kCurrencies{{{U'$', U"dollar", U"dollars", U"cent", U"cents"},
                                               {U'€', U"euro", U"euros", U"cent", U"cents"},
                                               {U'£', U"pound", U"pounds", U"penny", U"pence"},
                                               {U'¥', U"yen", U"yen", U"", U""},
                                               {U'₹', U"rupee", U"rupees", U"", U""}}};

struct Scale {
    View sign;
    View word;
};
constexpr std::array<Scale, 9> kScales{{{U"k", U"thousand"},
                                        {U"m", U"million"},
                                        {U"b", U"billion"},
                                        {U"bn", U"billion"},
                                        {U"t", U"trillion"},
                                        {U" thousand", U"thousand"},
                                        {U" million", U"million"},
                                        {U" billion", U"billion"},
                                        {U" trillion", U"trillion"}}};

/// Read behind a number; with a space or without.
struct Unit {
    View sign;
    View one, many;
};
constexpr std::array<Unit, 36> kUnits{{
    {U"%", U"percent", U"percent"},
    {U"°C", U"degree Celsius", U"degrees Celsius"},
    {U"°F", U"degree Fahrenheit", U"degrees Fahrenheit"},
    {U"°", U"degree", U"degrees"},
    {U"km/h", U"kilometer per hour", U"kilometers per hour"},
    {U"m/s", U"meter per second", U"meters per second"},
    {U"mph", U"mile per hour", U"miles per hour"},
    {U"km", U"kilometer", U"kilometers"},
    {U"cm", U"centimeter", U"centimeters"},
    {U"mm", U"millimeter", U"millimeters"},
    {U"kg", U"kilogram", U"kilograms"},
    {U"mg", U"milligram", U"milligrams"},
    {U"lbs", U"pound", U"pounds"},
    {U"lb", U"pound", U"pounds"},
    {U"oz", U"ounce", U"ounces"},
    {U"ft", U"foot", U"feet"},
    {U"ml", U"milliliter", U"milliliters"},
    {U"mL", U"milliliter", U"milliliters"},
    {U"TB", U"terabyte", U"terabytes"},
    {U"GB", U"gigabyte", U"gigabytes"},
    {U"MB", U"megabyte", U"megabytes"},
    {U"KB", U"kilobyte", U"kilobytes"},
    {U"kB", U"kilobyte", U"kilobytes"},
    {U"GHz", U"gigahertz", U"gigahertz"},
    {U"MHz", U"megahertz", U"megahertz"},
    {U"kHz", U"kilohertz", U"kilohertz"},
    {U"Hz", U"hertz", U"hertz"},
    {U"kWh", U"kilowatt hour", U"kilowatt hours"},
    {U"kW", U"kilowatt", U"kilowatts"},
    {U"ms", U"millisecond", U"milliseconds"},
    {U"sec", U"second", U"seconds"},
    {U"min", U"minute", U"minutes"},
    {U"hrs", U"hour", U"hours"},
    {U"hr", U"hour", U"hours"},
    {U"kcal", U"calorie", U"calories"},
    {U"mi", U"mile", U"miles"},
}};

enum class Stop { dropped, kept_at_end };
struct Abbreviation {
    View small;  ///< with its full stops
    View spoken;
    Stop stop;  ///< whether the last full stop ends the sentence before a capital letter or the end
    bool before_number;
};
constexpr std::array<Abbreviation, 21> kAbbreviations{{
    {U"e.g.", U"for example", Stop::dropped, false},
    {U"i.e.", U"that is", Stop::dropped, false},
    {U"etc.", U"et cetera", Stop::kept_at_end, false},
    {U"vs.", U"versus", Stop::dropped, false},
    {U"cf.", U"compare", Stop::dropped, false},
    {U"approx.", U"approximately", Stop::dropped, false},
    {U"a.k.a.", U"also known as", Stop::dropped, false},
    {U"dr.", U"Doctor", Stop::dropped, false},
    {U"mr.", U"Mister", Stop::dropped, false},
    {U"mrs.", U"Mrs", Stop::dropped, false},
    {U"ms.", U"Miz", Stop::dropped, false},
    {U"prof.", U"Professor", Stop::dropped, false},
    {U"jr.", U"Junior", Stop::kept_at_end, false},
    {U"sr.", U"Senior", Stop::kept_at_end, false},
    {U"ph.d.", U"PhD", Stop::kept_at_end, false},
    {U"a.m.", U"AM", Stop::kept_at_end, false},
    {U"p.m.", U"PM", Stop::kept_at_end, false},
    {U"u.s.", U"US", Stop::kept_at_end, false},
    {U"u.k.", U"UK", Stop::kept_at_end, false},
    {U"no.", U"number", Stop::dropped, true},
    {U"fig.", U"figure", Stop::dropped, true},
}};

struct Sign {
    char32_t point;
    View spoken;
};
constexpr std::array<Sign, 9> kSigns{{{U'&', U"and"},
                                      {U'×', U"times"},
                                      {U'÷', U"divided by"},
                                      {U'≈', U"about"},
                                      {U'≤', U"at most"},
                                      {U'≥', U"at least"},
                                      {U'≠', U"is not"},
                                      {U'→', U"to"},
                                      {U'±', U"plus or minus"}}};

class English {
public:
    explicit English(View text) : text_(text) {}

    Text spoken() {
        while (at_ < text_.size())
            if (!(currency() || number() || abbreviation() || sign() || dot() || slash())) out_ += text_[at_++];
        return std::move(out_);
    }

private:
    void put_word(View word) {
        if (!out_.empty() && !is_space(out_.back()) && out_.back() != U'-') out_ += U' ';
        out_ += word;
        if (is_alphanumeric(at(text_, at_))) out_ += U' ';
    }

    /// The number at `from`: digits, groups of three behind commas, a decimal part. Empty if there is none.
    View number_at(std::size_t from) const {
        std::size_t end = from;
        while (is_digit(at(text_, end))) ++end;
        if (end == from) return {};
        while (at(text_, end) == U',' && is_digit(at(text_, end + 1)) && is_digit(at(text_, end + 2)) &&
               is_digit(at(text_, end + 3)) && !is_digit(at(text_, end + 4)))
            end += 4;
        if (at(text_, end) == U'.' && is_digit(at(text_, end + 1))) {
            ++end;
            while (is_digit(at(text_, end))) ++end;
        }
        return text_.substr(from, end - from);
    }

    std::optional<Scale> scale_at(std::size_t from) const {
        for (const Scale& scale : kScales)
            if (matches(text_, from, scale.sign) && !is_alphanumeric(at(text_, from + scale.sign.size()))) return scale;
        return std::nullopt;
    }

    void put_amount(View amount, const Currency& currency, std::optional<Scale> scale) {
        const auto point = amount.find(U'.');
        const View whole = amount.substr(0, point);
        const View part = point == View::npos ? View{} : amount.substr(point + 1);
        if (scale) {
            put_word(Text(amount) + U" " + Text(scale->word) + U" " + Text(currency.many));
        } else if (part.size() == 2 && !currency.cent.empty()) {
            const View cents = part.front() == U'0' ? part.substr(1) : part;
            const Text small =
                cents == U"0" ? Text() : Text(cents) + U" " + Text(cents == U"1" ? currency.cent : currency.cents);
            const Text large = whole == U"0" && !small.empty()
                                   ? Text()
                                   : Text(whole) + U" " + Text(whole == U"1" ? currency.one : currency.many);
            put_word(large + (large.empty() || small.empty() ? U"" : U" and ") + small);
        } else {
            put_word(Text(amount) + U" " + Text(amount == U"1" ? currency.one : currency.many));
        }
    }

    /// "$5", "$2.5 million", "£3.20", "US$10".
    bool currency() {
        for (const Currency& currency : kCurrencies) {
            if (text_[at_] != currency.sign) continue;
            const std::size_t from = after_spaces(text_, at_ + 1);
            const View amount = number_at(from);
            if (amount.empty()) return false;
            const auto scale = scale_at(from + amount.size());
            at_ = from + amount.size() + (scale ? scale->sign.size() : 0);
            put_amount(amount, currency, scale);
            put_per();
            return true;
        }
        return false;
    }

    /// "/month" behind an amount or unit.
    void put_per() {
        if (at(text_, at_) != U'/' || !is_letter(at(text_, at_ + 1))) return;
        ++at_;
        out_ += U" per ";
    }

    /// A number with what belongs to it: a clock time, the end of a range, a unit, a currency behind it.
    bool number() {
        if (!is_digit(text_[at_]) || is_alphanumeric(before(text_, at_))) return false;
        if (clock()) return true;
        const View amount = number_at(at_);
        const bool decimal_of_other = before(text_, at_) == U'.' || before(text_, at_) == U':';
        out_ += amount;
        at_ += amount.size();
        if (decimal_of_other) return true;
        if (range(amount)) return true;
        if (at(text_, at_) == U'^' && is_alphanumeric(at(text_, at_ + 1))) {
            ++at_;
            put_word(U"to the power of");
            return true;
        }
        const std::size_t next = after_spaces(text_, at_);
        for (const Currency& currency : kCurrencies)
            if (at(text_, next) == currency.sign && !is_digit(at(text_, next + 1)) && next <= at_ + 1) {
                out_.resize(out_.size() - amount.size());
                at_ = next + 1;
                put_amount(amount, currency, std::nullopt);
                return true;
            }
        if (next > at_ + 1) return true;
        for (const Unit& unit : kUnits) {
            if (text_.substr(next, unit.sign.size()) != unit.sign) continue;
            const char32_t behind = at(text_, next + unit.sign.size());
            if (is_letter(unit.sign.back()) && is_alphanumeric(behind)) continue;
            at_ = next + unit.sign.size();
            put_word(amount == U"1" ? unit.one : unit.many);
            put_per();
            return true;
        }
        return true;
    }

    /// "10:00" -> "10 o'clock", "10:05" -> "10 oh 5"; "3:00 pm" -> "3 pm"; "10:30" is read right.
    bool clock() {
        std::size_t colon = at_;
        while (is_digit(at(text_, colon))) ++colon;
        if (colon - at_ > 2 || at(text_, colon) != U':' || before(text_, at_) == U':' || before(text_, at_) == U'.')
            return false;
        const char32_t tens = at(text_, colon + 1);
        const char32_t ones = at(text_, colon + 2);
        const char32_t behind = at(text_, colon + 3);
        if (!(tens >= U'0' && tens <= U'5') || !is_digit(ones) || is_digit(behind)) return false;
        if (behind == U':' && is_digit(at(text_, colon + 4))) return false;
        const View hour = text_.substr(at_, colon - at_);
        if (hour > U"24" && hour.size() == 2) return false;
        const std::size_t next = after_spaces(text_, colon + 3);
        const bool half_named = (matches(text_, next, U"am") || matches(text_, next, U"pm") ||
                                 matches(text_, next, U"a.m") || matches(text_, next, U"p.m")) &&
                                !is_alphanumeric(at(text_, next + 3));
        const bool oclock_follows = matches(text_, next, U"o'clock") || matches(text_, next, U"hours");
        out_ += hour.size() == 2 && hour.front() == U'0' ? hour.substr(1) : hour;
        at_ = colon + 3;
        if (tens == U'0' && ones == U'0') {
            if (!half_named && !oclock_follows) out_ += U" o'clock";
        } else if (tens == U'0') {
            out_ += U" oh ";
            out_ += ones;
        } else {
            out_ += text_.substr(colon, 3);
        }
        if (half_named && is_letter(behind)) out_ += U' ';
        return true;
    }

    /// "10–20" and, where it can only be a range, "3-5".
    bool range(View from) {
        const char32_t dash = at(text_, at_);
        if (dash != U'–' && dash != U'-') return false;
        const View to = number_at(at_ + 1);
        if (to.empty()) return false;
        const char32_t behind = at(text_, at_ + 1 + to.size());
        const char32_t ahead = before(text_, at_ - from.size());
        const bool chained = behind == U'-' || ahead == U'-' || ahead == U'/' || ahead == U'(';
        const bool ascends = from.size() < to.size() || (from.size() == to.size() && from < to);
        const bool sizes = (from.size() <= 3 && to.size() <= 3) || (from.size() == 4 && to.size() == 4);
        if (dash == U'-' && (chained || !ascends || !sizes)) return false;
        ++at_;
        out_ += U" to ";
        return true;
    }

    bool abbreviation() {
        if (!is_letter(text_[at_]) || is_alphanumeric(before(text_, at_)) || before(text_, at_) == U'.') return false;
        if (street_or_saint()) return true;
        for (const Abbreviation& one : kAbbreviations) {
            if (!matches(text_, at_, one.small)) continue;
            const std::size_t end = at_ + one.small.size();
            if (is_alphanumeric(at(text_, end))) continue;
            const std::size_t next = after_spaces(text_, end);
            if (one.before_number && !(is_digit(at(text_, next)) && next > end)) continue;
            const bool capital = is_upper(text_[at_]) && !is_upper(one.spoken.front());
            Text word(one.spoken);
            if (capital) word.front() = upper(word.front());
            at_ = end;
            put_word(word);
            const bool ends = next >= text_.size() || (next > end && is_upper(at(text_, next)));
            // "U.S. President" goes on; only the end of the text is the end of a sentence for sure.
            const bool country = one.small == U"u.s." || one.small == U"u.k.";
            if (one.stop == Stop::kept_at_end && (country ? next >= text_.size() : ends)) out_ += U'.';
            return true;
        }
        if (matches(text_, at_, U"w/") && is_space(at(text_, at_ + 2))) {
            at_ += 2;
            put_word(U"with");
            return true;
        }
        if (matches(text_, at_, U"w/o") && is_space(at(text_, at_ + 3))) {
            at_ += 3;
            put_word(U"without");
            return true;
        }
        return false;
    }

    /// "St. Paul" is a saint, "Main St." a street.
    bool street_or_saint() {
        if (!(text_[at_] == U'S' && at(text_, at_ + 1) == U't' && at(text_, at_ + 2) == U'.')) return false;
        std::size_t word = out_.size();
        while (word > 0 && is_space(out_[word - 1])) --word;
        const bool after_word = word > 0 && is_letter(out_[word - 1]);
        while (word > 0 && is_alphanumeric(out_[word - 1])) --word;
        std::size_t ahead = word;
        while (ahead > 0 && is_space(out_[ahead - 1])) --ahead;
        // A capital that only begins a sentence names no street.
        const bool street = after_word && is_upper(at(out_, word)) && ahead > 0 && !is_sentence_mark(out_[ahead - 1]);
        const std::size_t next = after_spaces(text_, at_ + 3);
        if (!street && !is_upper(at(text_, next))) return false;
        at_ += 3;
        put_word(street ? U"Street" : U"Saint");
        if (street && (next >= text_.size() || is_upper(at(text_, next)))) out_ += U'.';
        return true;
    }

    bool sign() {
        const char32_t point = text_[at_];
        if (point == U'#') {
            if (is_digit(at(text_, at_ + 1)) && !is_alphanumeric(before(text_, at_))) {
                ++at_;
                put_word(U"number");
                return true;
            }
            if ((before(text_, at_) == U'C' || before(text_, at_) == U'F') && !is_alphanumeric(at(text_, at_ + 1)) &&
                (at_ < 2 || !is_alphanumeric(text_[at_ - 2]))) {
                ++at_;
                put_word(U"sharp");
                return true;
            }
            return false;
        }
        if (point == U'~' && is_digit(at(text_, at_ + 1))) {
            ++at_;
            put_word(U"about");
            return true;
        }
        if (point == U'@' && is_alphanumeric(before(text_, at_)) && is_alphanumeric(at(text_, at_ + 1))) {
            ++at_;
            put_word(U"at");
            return true;
        }
        if ((point == U'<' || point == U'>') && is_space(before(text_, at_)) && is_space(at(text_, at_ + 1))) {
            ++at_;
            put_word(point == U'<' ? U"is less than" : U"is greater than");
            return true;
        }
        for (const Sign& sign : kSigns)
            if (point == sign.point) {
                ++at_;
                put_word(sign.spoken);
                return true;
            }
        return false;
    }

    /// "example.com" -> "example dot com"; "said.Then" -> "said. Then". Initials and decimals stay.
    bool dot() {
        if (text_[at_] != U'.' || !is_alphanumeric(before(text_, at_)) || !is_letter(at(text_, at_ + 1))) return false;
        std::size_t label = at_ + 1;
        while (is_alphanumeric(at(text_, label)) || at(text_, label) == U'-') ++label;
        const bool single_before = at_ < 2 || !is_alphanumeric(text_[at_ - 2]);
        const bool single_behind = label - at_ == 2;
        if (single_before && single_behind) return false;
        if (is_upper(at(text_, at_ + 1)) && is_lower(before(text_, at_)) && is_lower(at(text_, at_ + 2))) {
            out_ += U". ";
            ++at_;
            return true;
        }
        ++at_;
        put_word(U"dot");
        return true;
    }

    /// "and/or" -> "and or", "24/7" -> "24 7"; other numbers keep theirs ("1/2").
    bool slash() {
        if (text_[at_] != U'/') return false;
        const char32_t left = before(text_, at_);
        const char32_t right = at(text_, at_ + 1);
        const bool always = left == U'4' && right == U'7' && at_ >= 2 && text_[at_ - 2] == U'2';
        if (is_digit(left) && is_digit(right) && !always) return false;
        out_ += U' ';
        ++at_;
        return true;
    }

    View text_;
    std::size_t at_ = 0;
    Text out_;
};

}  // namespace

std::u32string english_text(std::u32string_view text) { return English(text).spoken(); }

}  // namespace antiphon::speak
