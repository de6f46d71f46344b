#include "think/sentence_chunker.hpp"

#include "base/utf8.hpp"
#include "engine/language_tag.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace antiphon::think {
namespace {

using std::u32string_view;

bool is_one_of(char32_t point, u32string_view set) { return set.find(point) != u32string_view::npos; }
bool is_space(char32_t point) {
    return is_one_of(point, U" \t\n\r\v\f\u00A0\u1680\u2028\u2029\u202F\u205F\u3000") ||
           (point >= 0x2000 && point <= 0x200A);
}
bool is_newline(char32_t point) { return point == U'\n' || point == U'\r' || point == 0x2028 || point == 0x2029; }
bool is_digit(char32_t point) { return point >= U'0' && point <= U'9'; }
bool is_small(char32_t point) {
    return (point >= U'a' && point <= U'z') || (point >= 0xDF && point <= 0xFF && point != 0xF7);
}
bool is_capital(char32_t point) { return point >= U'A' && point <= U'Z'; }
/// Han, kana and their extensions: scripts without spaces.
bool is_dense(char32_t point) {
    return (point >= 0x3040 && point <= 0x30FF) || (point >= 0x3400 && point <= 0x9FFF) ||
           (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x20000 && point <= 0x3FFFF);
}
bool is_letter(char32_t point) {
    return is_digit(point) || is_small(point) || is_capital(point) || (point >= 0xC0 && point <= 0x1FFF) ||
           is_dense(point) || (point >= 0xAC00 && point <= 0xD7A3);
}

constexpr u32string_view kSentenceMarks = U".!?…";
constexpr u32string_view kDenseSentenceMarks = U"。！？．";
constexpr u32string_view kOtherSentenceMarks = U"।॥؟۔";
constexpr u32string_view kClauseMarks = U",;:،؛";
constexpr u32string_view kDenseClauseMarks = U"、，；：—";
constexpr u32string_view kClosers = U"\"')]}*_~”’»」』）】";

bool is_sentence_mark(char32_t point) {
    return is_one_of(point, kSentenceMarks) || is_one_of(point, kDenseSentenceMarks) ||
           is_one_of(point, kOtherSentenceMarks);
}

/// Always shorten, whatever follows: titles and words inside a sentence.
constexpr std::array<u32string_view, 36> kAbbreviations{
    U"mr",  U"mrs", U"ms",  U"dr",  U"prof", U"sen", U"rep", U"gov", U"gen",    U"col",  U"capt", U"lt",
    U"sgt", U"rev", U"hon", U"mt",  U"ft",   U"st",  U"e.g", U"i.e", U"cf",     U"vs",   U"viz",  U"approx",
    U"ca",  U"mme", U"hr",  U"z.b", U"d.h",  U"bzw", U"u.s", U"u.k", U"messrs", U"mlle", U"sra",  U"incl"};
/// Shorten before a number: "No. 5", "p. 12".
constexpr std::array<u32string_view, 10> kBeforeNumbers{U"no", U"nr", U"fig", U"vol", U"pp",
                                                        U"p",  U"ch", U"sec", U"eq",  U"art"};

struct Character {
    char32_t point;
    std::size_t end;  ///< of its bytes
};

std::vector<Character> characters_of(std::string_view text) {
    std::vector<Character> characters;
    characters.reserve(text.size());
    std::size_t at = 0;
    for (const char32_t point : base::code_points(text)) {
        // A malformed byte decodes to U+FFFD too, so the length is read from the text itself.
        const auto first = static_cast<unsigned char>(text[at]);
        std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        if (point == 0xFFFD && text.substr(at, 3) != "\xEF\xBF\xBD") length = 1;
        at += length;
        characters.push_back({point, at});
    }
    return characters;
}

/// Looks through the characters for the first place where a piece certainly ends.
class Scan {
public:
    Scan(std::span<const Character> characters, const ChunkerSettings& settings, bool first, bool line_start)
        : characters_(characters), settings_(settings), first_(first), line_start_(line_start) {}

    /// The number of characters up to there; nothing if more text is needed to tell.
    std::optional<std::size_t> piece_end() {
        for (at_ = 0; at_ < characters_.size(); ++at_) {
            if (const auto fence = skip_code(); fence != Fence::none) {
                if (fence == Fence::open) return std::nullopt;
                return after_spaces(at_);
            }
            const char32_t point = characters_[at_].point;
            if (is_space(point)) {
                if (const auto end = end_at_space(point)) return *end;
            } else {
                if (const auto end = end_at_mark(point)) return *end;
                count(point);
                line_start_ = false;
                const bool dense_enough = first_ && is_dense(point) && words() >= settings_.max_first_words;
                if (dense_enough && is_dense(this->point(at_ + 1))) return at_ + 1;
                if (at_ >= 4 * settings_.long_sentence_characters) return at_;
            }
        }
        return std::nullopt;
    }

    int words() const { return words_ + dense_letters_ / 2; }

private:
    using End = std::optional<std::size_t>;
    enum class Fence { none, open, closed };

    char32_t point(std::size_t at) const { return at < characters_.size() ? characters_[at].point : 0; }

    /// Moves over a block of code that begins here; at_ is then behind its last line.
    Fence skip_code() {
        if (!line_start_ || !is_fence(at_)) return Fence::none;
        for (std::size_t at = at_ + 3; at < characters_.size(); ++at)
            if (is_newline(point(at)) && is_fence(after_blanks(at + 1))) {
                std::size_t end = after_blanks(at + 1) + 3;
                while (end < characters_.size() && !is_newline(point(end))) ++end;
                if (end >= characters_.size()) return Fence::open;
                at_ = end;
                return Fence::closed;
            }
        return Fence::open;
    }
    bool is_fence(std::size_t at) const {
        return (point(at) == U'`' || point(at) == U'~') && point(at + 1) == point(at) && point(at + 2) == point(at);
    }
    std::size_t after_blanks(std::size_t at) const {
        while (point(at) == U' ' || point(at) == U'\t') ++at;
        return at;
    }

    /// Behind the white space at `at`; nothing while more of it may come.
    End after_spaces(std::size_t at) const {
        while (at < characters_.size() && is_space(characters_[at].point)) ++at;
        return at < characters_.size() ? End(at) : std::nullopt;
    }

    /// The outer optional: decided here; the inner one: where, or nothing yet.
    std::optional<End> end_at_space(char32_t space) {
        std::size_t end = at_;
        bool newline = is_newline(space);
        while (is_space(point(end + 1))) newline = is_newline(point(++end)) || newline;
        const std::size_t behind = end + 1;
        const bool some = letters_ > 0 || marks_;
        in_word_ = false;
        if (behind >= characters_.size()) return End();  // not certain what follows
        if (some && newline) return End(behind);
        if (!newline && ends_ordinal(at_)) {
            at_ = end;
            return std::nullopt;
        }
        if (some && first_ && words() >= settings_.max_first_words) return End(behind);
        if (!first_ && at_ >= 2 * settings_.long_sentence_characters) return End(behind);
        if (newline) line_start_ = true;
        at_ = end;
        return std::nullopt;
    }

    std::optional<End> end_at_mark(char32_t mark) {
        const bool sentence = is_sentence_mark(mark);
        const bool lone_dash =
            (mark == U'–' || mark == U'-') && at_ > 0 && is_space(point(at_ - 1)) && is_space(point(at_ + 1));
        const bool clause = is_one_of(mark, kClauseMarks) || is_one_of(mark, kDenseClauseMarks) || lone_dash;
        if (!sentence && !clause) return std::nullopt;
        const bool dense = is_one_of(mark, kDenseSentenceMarks) || is_one_of(mark, kDenseClauseMarks);
        if (!has_size(sentence)) return std::nullopt;

        std::size_t behind = at_ + 1;
        while (is_sentence_mark(point(behind)) || is_one_of(point(behind), kClosers)) ++behind;
        if (behind >= characters_.size()) return End();
        if (!dense && !is_space(point(behind))) return std::nullopt;
        const End end = after_spaces(behind);
        if (!end) return End();
        if (sentence && !dense && !ends_sentence(behind, *end)) {
            // "Well... maybe": no end of a sentence, but a pause all the same.
            const bool pause = (behind > at_ + 1 || mark == U'…') && has_size(false);
            if (!pause) return std::nullopt;
        }
        return end;
    }

    /// Whether the piece up to the mark here is large enough to be cut at it.
    bool has_size(bool sentence) const {
        if (first_) return words() >= settings_.min_first_words || letters_ >= settings_.min_first_letters;
        return sentence ? letters_ > 0 || marks_ : at_ >= settings_.long_sentence_characters;
    }

    /// The marks from at_ to `behind`, white space up to `next`: whether a sentence ends with them.
    bool ends_sentence(std::size_t behind, std::size_t next) const {
        bool newline = false;
        for (std::size_t at = behind; at < next; ++at) newline = newline || is_newline(point(at));
        if (newline) return true;
        if (is_small(point(next)) && (point(at_) == U'.' || point(at_) == U'…' || behind > at_ + 1)) return false;
        if (point(at_) != U'.' || behind > at_ + 1) return true;

        std::size_t begin = at_;
        while (begin > 0 && !is_space(point(begin - 1)) && !is_one_of(point(begin - 1), U"([\"'“‘*_")) --begin;
        std::u32string word;
        bool digits = true;
        for (std::size_t at = begin; at < at_; ++at) {
            const char32_t letter = point(at);
            digits = digits && is_digit(letter);
            word += is_capital(letter) ? letter + (U'a' - U'A') : letter;
        }
        if (digits && !word.empty() && begins_line(begin)) return false;
        if (ends_ordinal(behind)) return false;
        if (word.size() == 1 && is_capital(point(begin)) && word != U"i") return false;
        if (std::find(kAbbreviations.begin(), kAbbreviations.end(), word) != kAbbreviations.end()) return false;
        return !(is_digit(point(next)) &&
                 std::find(kBeforeNumbers.begin(), kBeforeNumbers.end(), word) != kBeforeNumbers.end());
    }
    /// Whether what stands before `end` may be an ordinal: digits, but not those of a year, and a full stop.
    bool ends_ordinal(std::size_t end) const {
        if (!settings_.ordinals_have_stops || end < 2 || point(end - 1) != U'.') return false;
        std::size_t begin = end - 1;
        while (begin > 0 && is_digit(point(begin - 1))) --begin;
        const std::size_t digits = end - 1 - begin;
        return digits >= 1 && digits <= 3 && (begin == 0 || !is_letter(point(begin - 1)));
    }
    bool begins_line(std::size_t at) const {
        while (at > 0 && is_space(point(at - 1)) && !is_newline(point(at - 1))) --at;
        return at == 0 ? began_line_ : is_newline(point(at - 1));
    }

    void count(char32_t point) {
        marks_ = true;
        if (is_letter(point)) ++letters_;
        if (is_dense(point)) {
            ++dense_letters_;
            in_word_ = false;
        } else if (!in_word_ && is_letter(point)) {
            ++words_;
            in_word_ = true;
        }
    }

    std::span<const Character> characters_;
    const ChunkerSettings& settings_;
    const bool first_;
    bool line_start_;
    const bool began_line_ = line_start_;
    std::size_t at_ = 0;
    int words_ = 0;
    int dense_letters_ = 0;
    int letters_ = 0;
    bool marks_ = false;  ///< something else than white space was seen
    bool in_word_ = false;
};

}  // namespace

bool has_ordinals_with_stops(std::string_view language) {
    static constexpr std::array<std::string_view, 21> kLanguages{"de", "da", "no", "fi", "is", "fo", "et", "lv", "lt", "hu", "cs",
                                                                 "sk", "pl", "sl", "hr", "sr", "bs", "tr", "lb", "hsb", "dsb"};
    return std::find(kLanguages.begin(), kLanguages.end(), engine::primary_language(language)) != kLanguages.end();
}

std::vector<std::string> SentenceChunker::push(std::string_view text) {
    text_ += text;
    const std::string_view whole = std::string_view(text_).substr(0, base::whole_characters(text_));
    const auto characters = characters_of(whole);
    std::vector<std::string> pieces;
    std::size_t taken = 0;  // characters
    std::size_t taken_bytes = 0;
    const auto piece_end = [&](std::size_t from, bool line_start, int& words) {
        Scan scan(std::span<const Character>(characters).subspan(from), settings_, first_, line_start);
        const auto length = scan.piece_end();
        words = scan.words();
        return length ? std::optional(from + *length) : std::nullopt;
    };
    const auto starts_line = [&](std::size_t at) {
        while (at > 0 && (characters[at - 1].point == U' ' || characters[at - 1].point == U'\t')) --at;
        return at == 0 ? line_start_ : is_newline(characters[at - 1].point);
    };
    int words = 0;
    while (auto end = piece_end(taken, starts_line(taken), words)) {
        int next_words = 0;
        if (!first_ && words <= settings_.short_sentence_words && !starts_line(*end))
            if (const auto next = piece_end(*end, false, next_words)) end = next;
        const std::size_t end_byte = characters[*end - 1].end;
        pieces.emplace_back(whole.substr(taken_bytes, end_byte - taken_bytes));
        taken = *end;
        taken_bytes = end_byte;
        first_ = false;
    }
    if (taken > 0) line_start_ = starts_line(taken);
    text_.erase(0, taken_bytes);
    return pieces;
}

std::optional<std::string> SentenceChunker::finish() {
    std::string rest = std::exchange(text_, {});
    first_ = true;
    line_start_ = true;
    if (rest.empty()) return std::nullopt;
    return rest;
}

}  // namespace antiphon::think
