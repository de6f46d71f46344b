#include "speak/markdown_text.hpp"

#include "speak/characters.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

/// How far a closing bracket is looked for; keeps the work linear.
constexpr std::size_t kReach = 1000;

View trimmed(View text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

char32_t lower(char32_t point) { return point >= U'A' && point <= U'Z' ? point + 32 : point; }

bool starts_with(View text, std::size_t index, View prefix) {
    for (std::size_t i = 0; i < prefix.size(); ++i)
        if (lower(at(text, index + i)) != prefix[i]) return false;
    return true;
}

std::optional<std::size_t> find_near(View text, char32_t point, std::size_t from) {
    const std::size_t end = std::min(text.size(), from + kReach);
    for (std::size_t i = from; i < end; ++i)
        if (text[i] == point) return i;
    return std::nullopt;
}

/// Where the URL at `index` ends; `index` itself if there is none. Final punctuation is not part of it.
std::size_t url_end(View text, std::size_t index) {
    if (is_alphanumeric(before(text, index))) return index;
    constexpr std::array<View, 4> kStarts{U"https://", U"http://", U"ftp://", U"www."};
    const bool url = std::any_of(kStarts.begin(), kStarts.end(), [&](View start) {
        return starts_with(text, index, start) && is_alphanumeric(at(text, index + start.size()));
    });
    if (!url) return index;
    std::size_t end = index;
    while (end < text.size() && !is_space(text[end]) && !is_one_of(text[end], U"<>\"“”()[]{}|`*")) ++end;
    while (end > index && (is_mark(text[end - 1]) || text[end - 1] == U'\'')) --end;
    return end;
}

View host_of(View url) {
    if (const auto scheme = url.find(U"://"); scheme != View::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of(U"/?#"));
    if (const auto user = url.rfind(U'@'); user != View::npos) url.remove_prefix(user + 1);
    url = url.substr(0, url.find(U':'));
    if (starts_with(url, 0, U"www.")) url.remove_prefix(4);
    return url;
}

/// Turns the marks inside one line into text.
class Line {
public:
    explicit Line(View text) : text_(text) {}

    Text plain() {
        while (at_ < text_.size()) step();
        return std::move(out_);
    }

private:
    void step() {
        if (const auto end = url_end(text_, at_); end > at_) {
            out_ += host_of(text_.substr(at_, end - at_));
            at_ = end;
            return;
        }
        switch (text_[at_]) {
            case U'\\':
                // \( and \[ begin a formula, the others are the character itself.
                if (is_one_of(at(text_, at_ + 1), U"()[]"))
                    at_ += 2;
                else if (command())
                    return;
                else if (is_one_of(at(text_, at_ + 1), U"\\`*_{}#+-.!|<>~$&")) {
                    out_ += text_[at_ + 1];
                    at_ += 2;
                } else
                    out_ += text_[at_++];
                return;
            case U'$': dollar(); return;
            case U'^':
                // x^{10}
                out_ += U'^';
                at_ += at(text_, at_ + 1) == U'{' ? 2 : 1;
                return;
            case U'!':
                if (at(text_, at_ + 1) == U'[')
                    ++at_;
                else
                    out_ += text_[at_++];
                return;
            case U'[': open_link(); return;
            case U']': close_link(); return;
            case U'<': tag(); return;
            case U'&': entity(); return;
            case U'*': star(); return;
            case U'_': underscore(); return;
            case U'`': ++at_; return;
            case U'~': tilde(); return;
            case U'|':
                out_ += U", ";
                ++at_;
                return;
            default: out_ += text_[at_++];
        }
    }

    /// What TeX calls the signs of a formula, and \frac{1}{2}.
    bool command() {
        constexpr std::array<std::pair<View, View>, 20> kCommands{
            {{U"times", U"×"},  {U"cdot", U"×"}, {U"div", U"÷"}, {U"pm", U"±"},    {U"leq", U"≤"},
             {U"le", U"≤"},     {U"geq", U"≥"},  {U"ge", U"≥"},  {U"neq", U"≠"},   {U"ne", U"≠"},
             {U"approx", U"≈"}, {U"sqrt", U"√"}, {U"pi", U"π"},  {U"infty", U"∞"}, {U"to", U"→"},
             {U"sum", U"∑"},    {U"int", U"∫"},  {U"left", U""}, {U"right", U""},  {U"text", U""}}};
        if (starts_with(text_, at_ + 1, U"frac{")) {
            const auto above = find_near(text_, U'}', at_ + 6);
            if (!above || at(text_, *above + 1) != U'{') return false;
            const auto below = find_near(text_, U'}', *above + 2);
            if (!below) return false;
            out_ += Text(text_.substr(at_ + 6, *above - at_ - 6)) + U"/" +
                    Text(text_.substr(*above + 2, *below - *above - 2));
            at_ = *below + 1;
            return true;
        }
        for (const auto& [name, sign] : kCommands)
            if (starts_with(text_, at_ + 1, name) && !is_letter(at(text_, at_ + 1 + name.size()))) {
                out_ += sign;
                at_ += 1 + name.size();
                return true;
            }
        return false;
    }

    /// $x + y$ and $$x + y$$ hold formulas; other dollars are money.
    void dollar() {
        if (at(text_, at_ + 1) == U'$') {
            at_ += 2;
            return;
        }
        const char32_t next = at(text_, at_ + 1);
        const bool closes = in_formula_ && !is_space(before(text_, at_)) && !is_digit(next);
        const bool opens = !in_formula_ && (is_letter(next) || next == U'\\') && !is_alphanumeric(before(text_, at_)) &&
                           find_near(text_, U'$', at_ + 1).has_value();
        if (closes || opens)
            in_formula_ = opens;
        else
            out_ += U'$';
        ++at_;
    }

    /// [text](url), [text][reference] and [text] give their text; [^1] and [1] are notes and give nothing.
    void open_link() {
        const auto close = find_near(text_, U']', at_ + 1);
        if (close) {
            const View inside = text_.substr(at_ + 1, *close - at_ - 1);
            const bool numbers = !inside.empty() && std::all_of(inside.begin(), inside.end(), [](char32_t p) {
                return is_digit(p) || is_one_of(p, U", -–");
            });
            if ((!inside.empty() && inside.front() == U'^') || (numbers && at(text_, *close + 1) != U'(')) {
                at_ = *close + 1;
                return;
            }
        }
        ++at_;
    }
    void close_link() {
        ++at_;
        const char32_t next = at(text_, at_);
        if (next != U'(' && next != U'[') return;
        const auto close = closing(at_);
        if (close) at_ = *close + 1;
        // Or the piece was cut inside the address.
        else if (next == U'(' && url_end(text_, at_ + 1) > at_ + 1)
            at_ = text_.size();
    }
    /// The partner of the bracket at `open`; addresses may hold pairs of their own.
    std::optional<std::size_t> closing(std::size_t open) const {
        const char32_t partner = text_[open] == U'(' ? U')' : U']';
        std::size_t depth = 0;
        for (std::size_t i = open; i < std::min(text_.size(), open + kReach); ++i) {
            if (text_[i] == text_[open]) ++depth;
            if (text_[i] == partner && --depth == 0) return i;
        }
        return std::nullopt;
    }

    /// <https://...> and <a@b.c> give what is inside, <b> and </b> nothing, <br> a space.
    void tag() {
        const char32_t next = at(text_, at_ + 1);
        const auto close = find_near(text_, U'>', at_ + 1);
        if (!close || !(is_letter(next) || next == U'/' || next == U'!')) {
            out_ += text_[at_++];
            return;
        }
        const View inside = text_.substr(at_ + 1, *close - at_ - 1);
        if (inside.find(U'@') != View::npos && inside.find(U' ') == View::npos) {
            out_ += inside;
        } else if (url_end(text_, at_ + 1) > at_ + 1) {
            out_ += host_of(inside);
        } else {
            out_ += U' ';
        }
        at_ = *close + 1;
    }

    void entity() {
        constexpr std::array<std::pair<View, char32_t>, 8> kEntities{{{U"&amp;", U'&'},
                                                                      {U"&lt;", U'<'},
                                                                      {U"&gt;", U'>'},
                                                                      {U"&nbsp;", U' '},
                                                                      {U"&quot;", U'"'},
                                                                      {U"&#39;", U'\''},
                                                                      {U"&apos;", U'\''},
                                                                      {U"&mdash;", U'—'}}};
        for (const auto& [name, point] : kEntities)
            if (starts_with(text_, at_, name)) {
                out_ += point;
                at_ += name.size();
                return;
            }
        out_ += text_[at_++];
    }

    /// A sign of multiplication between numbers, else emphasis.
    void star() {
        std::size_t end = at_;
        while (at(text_, end) == U'*') ++end;
        const bool spaced = at_ >= 2 && text_[at_ - 1] == U' ' && is_digit(text_[at_ - 2]) && at(text_, end) == U' ' &&
                            is_digit(at(text_, end + 1));
        const bool tight = is_digit(before(text_, at_)) && is_digit(at(text_, end));
        if (end == at_ + 1 && (spaced || tight)) out_ += U'×';
        at_ = end;
    }

    void underscore() {
        std::size_t end = at_;
        while (at(text_, end) == U'_') ++end;
        if (is_alphanumeric(before(text_, at_)) && is_alphanumeric(at(text_, end))) out_ += U'_';
        at_ = end;
    }

    void tilde() {
        if (is_digit(at(text_, at_ + 1)) && before(text_, at_) != U'~') out_ += U'~';
        ++at_;
    }

    View text_;
    std::size_t at_ = 0;
    Text out_;
    bool in_formula_ = false;
};

enum class Kind { blank, nothing, plain, block, heading };

struct Block {
    Kind kind;
    Text text;
};

bool only(View line, View points) {
    return std::all_of(line.begin(), line.end(), [&](char32_t p) { return is_one_of(p, points); });
}

Text table_row(View line) {
    Text cells;
    std::size_t begin = 0;
    while (begin <= line.size()) {
        const std::size_t end = std::min(line.find(U'|', begin), line.size());
        const Text cell = Line(trimmed(line.substr(begin, end - begin))).plain();
        if (!trimmed(cell).empty()) cells += (cells.empty() ? U"" : U", ") + cell;
        begin = end + 1;
    }
    return cells;
}

/// Of the line's beginning: what it is, without the marks that say so.
Block block_of(View line) {
    line = trimmed(line);
    bool item = false;
    while (!line.empty() && line.front() == U'>') line = trimmed(line.substr(1));
    if (line.empty()) return {Kind::blank, {}};
    for (const View rule : {U"-", U"*", U"_", U"="})
        if (only(line, Text(rule) + U" ") && std::count(line.begin(), line.end(), rule.front()) >= 3)
            return {Kind::nothing, {}};
    if (only(line, U"|-: ") && line.find(U'-') != View::npos && line.find(U'|') != View::npos)
        return {Kind::nothing, {}};
    if (line.front() == U'|') return {Kind::block, table_row(line)};

    std::size_t hashes = 0;
    while (at(line, hashes) == U'#') ++hashes;
    if (hashes >= 1 && hashes <= 6 && (hashes == line.size() || is_space(line[hashes]))) {
        View title = trimmed(line.substr(hashes));
        while (!title.empty() && title.back() == U'#') title.remove_suffix(1);
        return {Kind::heading, Line(trimmed(title)).plain()};
    }
    if (is_one_of(line.front(), U"-*+•‣◦▪·–") && is_space(at(line, 1))) {
        line = trimmed(line.substr(1));
        item = true;
    }
    if (line.size() >= 3 && line[0] == U'[' && is_one_of(line[1], U" xX") && line[2] == U']')
        line = trimmed(line.substr(3));
    std::size_t digits = 0;
    while (is_digit(at(line, digits))) ++digits;
    if (digits >= 1 && digits <= 3 && is_one_of(at(line, digits), U".)") && is_space(at(line, digits + 1))) {
        return {Kind::block, Text(line.substr(0, digits)) + U". " + Line(trimmed(line.substr(digits + 1))).plain()};
    }
    // [name]: https://... only says where a link leads.
    if (line.front() == U'[')
        if (const auto close = find_near(line, U']', 1); close && at(line, *close + 1) == U':') {
            const View target = trimmed(line.substr(*close + 2));
            if (url_end(target, 0) > 0) return {Kind::nothing, {}};
        }
    return {item ? Kind::block : Kind::plain, Line(line).plain()};
}

bool is_fence(View line) {
    line = trimmed(line);
    return line.starts_with(U"```") || line.starts_with(U"~~~");
}

bool ends_with_mark(View text) {
    while (!text.empty() && (is_space(text.back()) || is_one_of(text.back(), U"\"')]}”’»*_`"))) text.remove_suffix(1);
    return text.empty() || is_mark(text.back());
}

}  // namespace

std::u32string markdown_text(View text) {
    Text out;
    bool in_code = false;
    Kind last = Kind::blank;
    const auto end_block = [&] {
        if (last != Kind::blank && last != Kind::nothing && !ends_with_mark(out)) out += U'.';
    };
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(U'\n', begin), text.size());
        const View line = text.substr(begin, end - begin);
        const bool ended = end < text.size();
        begin = end + 1;
        if (is_fence(line)) {
            // A fence that opens and closes in one line is only marked text.
            const View marked = trimmed(line);
            const bool one_line = !in_code && marked.size() > 6 && marked.ends_with(marked.substr(0, 3));
            if (!one_line) {
                in_code = !in_code;
                end_block();
                last = Kind::nothing;
                continue;
            }
        }
        if (in_code) continue;
        Block block = block_of(line);
        // Lines of one paragraph run on; everything else stands for itself.
        if (!(last == Kind::plain && block.kind == Kind::plain)) end_block();
        if (!out.empty() && !block.text.empty()) out += U' ';
        out += block.text;
        last = block.kind;
        if (!ended && last == Kind::heading) end_block();
    }
    return out;
}

}  // namespace antiphon::speak
