// What a language brings to have its numbers, amounts and signs read in words: tables, and a reader.
//
// pure. All tables are constants of the program. To add a language, write <language>_text.{hpp,cpp} with
// its tables and a Reading (text_reading.hpp), and enter it in language_text.cpp; docs/speakable-text.md
// walks through it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::speak {

/// Reads the written forms of one language. Thread-safe: it has no state.
class LanguageReader {
public:
    virtual ~LanguageReader() = default;

    /// The text with numbers, dates, times, amounts, abbreviations, addresses and signs as words. `text` is
    /// one line without markup; `region` is the tag's region in small letters ("gb"), or empty.
    virtual std::u32string read(std::u32string_view text, std::string_view region) const = 0;
};

/// The reader for a BCP 47 tag, chosen by its primary language ("de", "de-AT", "de_CH" alike; an empty tag
/// is English). A language that nobody wrote a reader for has one that changes nothing: its numbers are
/// left for the synthesizer.
const LanguageReader& language_reader_for(std::string_view language);

/// The region of a BCP 47 tag in small letters, or empty: "gb" of "en-GB" and of "en-Latn-GB".
std::string language_region(std::string_view language);

/// Stands behind a number. `one` is the whole phrase for exactly one of it ("ein Kilometer").
struct Unit {
    std::u32string_view sign;  ///< compared as it is written
    std::u32string_view one;
    std::u32string_view many;
    bool tight = false;  ///< only without a space before it: "5in", but not "5 in total"
};

/// Stands before or behind a number. Currencies without small coins leave their names empty.
struct Currency {
    std::u32string_view sign;
    std::u32string_view one;
    std::u32string_view many;
    std::u32string_view one_coin;
    std::u32string_view coins;
};

/// A magnitude behind a number; the sign may begin with a space: " million".
struct Scale {
    std::u32string_view sign;
    std::u32string_view one;
    std::u32string_view many;
    bool money_only = false;  ///< "$5m", but "5m" are meters
};

struct Abbreviation {
    enum class Stop {
        dropped,      ///< its full stop never ends a sentence
        kept_at_end,  ///< it does before a capital letter and at the end of the text
        kept_at_text_end
    };
    std::u32string_view small;  ///< in small letters, with its full stops
    std::u32string_view spoken;
    Stop stop = Stop::dropped;
    bool before_number = false;  ///< only counts there: "No. 5"
};

struct Sign {
    char32_t point;
    std::u32string_view spoken;
};

/// The tables of a language, and its small words.
struct LanguageWords {
    std::span<const Unit> units;
    std::span<const Currency> currencies;
    std::span<const Scale> scales;
    std::span<const Abbreviation> abbreviations;
    std::span<const Sign> signs;

    std::u32string_view group_marks;  ///< between groups of three digits; a space stands for all thin ones
    char32_t decimal_mark;

    std::u32string_view decimal;  ///< "point"
    std::u32string_view minus;
    std::u32string_view plus;
    std::u32string_view equals;
    std::u32string_view to;     ///< from ... to
    std::u32string_view ratio;  ///< 3:1
    std::u32string_view per;
    std::u32string_view by;  ///< 3x4
    std::u32string_view power;
    std::u32string_view squared;
    std::u32string_view cubed;
    std::u32string_view less;
    std::u32string_view greater;
    std::u32string_view about;   ///< ~50
    std::u32string_view number;  ///< #1
    std::u32string_view hashtag;
    std::u32string_view at;  ///< in an address
    std::u32string_view dot;
    std::u32string_view slash;
    std::u32string_view dash;
    std::u32string_view underscore;
    std::u32string_view version;
    std::u32string_view coin_joiner;  ///< between the large and the small: "and"
    bool names_coins = true;          ///< "and fifty cents", not only "fifty"
};

}  // namespace antiphon::speak
