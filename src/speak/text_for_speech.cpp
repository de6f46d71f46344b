#include "speak/text_for_speech.hpp"

#include "base/utf8.hpp"
#include "speak/characters.hpp"
#include "speak/language_text.hpp"
#include "speak/markdown_text.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

bool is_arrow(char32_t point) { return point >= 0x2190 && point <= 0x21FF; }

/// What only says how the character before is to be drawn.
bool is_selector(char32_t point) {
    return (point >= 0xFE00 && point <= 0xFE0F) || point == 0x20E3 || (point >= 0xE0000 && point <= 0xE0FFF);
}

bool is_emoji(char32_t point) {
    return (point >= 0x1F000 && point <= 0x1FAFF) || (point >= 0x2300 && point <= 0x23FF) ||
           (point >= 0x2460 && point <= 0x24FF) || (point >= 0x25A0 && point <= 0x27BF) ||
           (point >= 0x2900 && point <= 0x297F) || (point >= 0x2B00 && point <= 0x2BFF) || point == 0x3030 ||
           point == 0x303D || point == 0x3297 || point == 0x3299 || is_selector(point);
}

/// Neither seen nor heard. The joiners U+200C and U+200D stay: Persian and the scripts of India spell
/// with them.
bool is_invisible(char32_t point) {
    return (point < 0x20 && !is_space(point)) || (point >= 0x7F && point <= 0x9F && point != 0x85) || point == 0xAD ||
           point == 0x200B || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF0 && point <= 0xFFFF) ||
           (point >= 0xE000 && point <= 0xF8FF) || point > 0xE0FFF || point == U'™' || point == U'®' || point == U'©';
}

/// Without what cannot be said; quotes and line ends in one form.
Text cleaned(std::string_view bytes) {
    Text out;
    bool after_emoji = false;
    const auto points = base::code_points(bytes);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const char32_t point = points[i];
        const bool joiner = point == 0x200D || point == 0x200C;
        const bool bullet =
            (point == U'▪' || point == U'◦') && (out.empty() || out.back() == U'\n' || is_space(out.back()));
        if (!bullet && (is_emoji(point) || (joiner && after_emoji))) {
            after_emoji = true;
            if (!is_selector(point)) out += U' ';
            continue;
        }
        after_emoji = false;
        if (is_invisible(point)) continue;
        if (point == U'\r') {
            if (i + 1 >= points.size() || points[i + 1] != U'\n') out += U'\n';
        } else if (point == 0x2028 || point == 0x2029) {
            out += U'\n';
        } else if (point == U'’' || point == U'‘' || point == U'ʼ') {
            out += U'\'';
        } else {
            out += point;
        }
    }
    return out;
}

int strength(char32_t mark) {
    if (is_one_of(mark, U"?？؟")) return 5;
    if (is_one_of(mark, U"!！")) return 4;
    if (is_sentence_mark(mark)) return 3;
    return is_one_of(mark, U",，、،") ? 1 : 2;
}

/// Folds white space, marks and the signs that synthesizers would read aloud or stumble over.
class Fold {
public:
    explicit Fold(View text) : text_(text) {}

    Text folded() {
        for (at_ = 0; at_ < text_.size(); ++at_) take(text_[at_]);
        while (!out_.empty() && is_space(out_.back())) out_.pop_back();
        return std::move(out_);
    }

private:
    void space() {
        if (!out_.empty() && out_.back() != U' ') out_ += U' ';
    }

    /// A pause. Marks with nothing but space between them become the strongest of them.
    void mark(char32_t point) {
        Text& out = out_;
        while (!out.empty() && out.back() == U' ') out.pop_back();
        if (out.empty()) return;
        if (is_mark(out.back())) {
            if (strength(point) > strength(out.back())) out.back() = point;
        } else {
            out += point;
        }
    }

    bool something_follows(std::size_t index) const {
        return std::any_of(text_.begin() + static_cast<std::ptrdiff_t>(index), text_.end(),
                           [](char32_t p) { return !is_space(p) && !is_one_of(p, U"\"*"); });
    }

    void take(char32_t point) {
        const char32_t left = before(text_, at_);
        const char32_t right = at(text_, at_ + 1);
        if (is_space(point)) {
            space();
        } else if (is_mark(point)) {
            take_mark(point, right);
        } else if (point == U'(' || point == U'（') {
            open_bracket(left, right);
        } else if (point == U')' || point == U'）') {
            const bool inside_word = std::exchange(in_word_bracket_, false);
            if (!inside_word && !is_alphanumeric(right) && something_follows(at_ + 1)) pause();
        } else if (point == U'—' || point == U'•' || is_arrow(point)) {
            pause();
        } else if (point == U'-' || point == U'–') {
            take_dash(left, right);
        } else if (is_one_of(point, U"\"“”„«»[]{}*^\\|_~`#<>「」『』【】")) {
            // Quotes and remains of markup: between words they part them, otherwise they are nothing.
            if (is_alphanumeric(left) && is_alphanumeric(right)) space();
        } else if (point == U'/' && is_letter(left) && is_letter(right)) {
            space();
        } else {
            out_ += point;
        }
    }

    /// "apple(s)" is one word, "f(x)" two, and "main()" says nothing of its brackets.
    void open_bracket(char32_t left, char32_t right) {
        if (right == U')') {
            ++at_;
        } else if (!is_alphanumeric(left)) {
            pause();
        } else {
            in_word_bracket_ = true;
            const std::size_t letters = at(text_, at_ + 2) == U')' ? 1 : 2;
            const bool ending = is_one_of(right, U"sen") && at(text_, at_ + 1 + letters) == U')';
            if (!ending) space();
        }
    }

    void take_mark(char32_t point, char32_t right) {
        const bool inside = is_alphanumeric(right) && is_alphanumeric(before(text_, at_)) && point < 0x80;
        const bool decimal = point == U'.' && is_digit(right) && !is_mark(before(text_, at_));
        if (inside || decimal) {
            out_ += point;  // 3.5, 10:30, a.m
            return;
        }
        std::size_t end = at_ + 1;
        std::size_t dots = point == U'.' ? 1 : 0;
        for (; at(text_, end) == U'.'; ++end) ++dots;
        if (dots >= 2 || point == U'…') {
            std::size_t next = end;
            while (is_space(at(text_, next))) ++next;
            mark(is_lower(at(text_, next)) ? U',' : U'.');
            at_ = end - 1;
        } else {
            mark(point);
        }
        if (is_alphanumeric(at(text_, at_ + 1)) && point < 0x80) space();
    }

    void take_dash(char32_t left, char32_t right) {
        std::size_t end = at_ + 1;
        while (at(text_, end) == U'-' || at(text_, end) == U'–') ++end;
        const bool several = end > at_ + 1;
        right = at(text_, end);
        at_ = end - 1;
        if (several || (is_space(left) && is_space(right)))
            pause();
        else if (is_alphanumeric(left) && is_alphanumeric(right))
            out_ += U'-';
        else if (is_digit(right))
            out_ += U'-';  // a minus sign
    }

    void pause() {
        mark(U',');
        space();
    }

    View text_;
    std::size_t at_ = 0;
    Text out_;
    bool in_word_bracket_ = false;  ///< the next bracket that closes belongs to one behind a word
};

bool says_something(View text) {
    return std::any_of(text.begin(), text.end(),
                       [](char32_t p) { return is_alphanumeric(p) || is_one_of(p, U"%&+=@€$£½¼¾"); });
}

}  // namespace

// Ordinary sentences stay below twice their length; long rows of numbers alone come near nine times.
std::size_t max_spoken_characters(std::size_t written) noexcept { return 4 * written + 256; }

std::string text_for_speech(std::string_view text, std::string_view language) {
    const Text written = cleaned(text);
    const Text plain = markdown_text(written);
    Text spoken = Fold(language_reader_for(language).read(plain, language_region(language))).folded();
    // Without reading, the marks that are added at most double the text.
    if (spoken.size() > max_spoken_characters(written.size())) spoken = Fold(plain).folded();
    std::string out;
    if (!says_something(spoken)) return out;
    for (const char32_t point : spoken) base::append_utf8(out, point);
    return out;
}

}  // namespace antiphon::speak
