#include "engine/clauses.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace antiphon::engine {
namespace {

using Points = std::vector<char32_t>;

/// The ASCII equal of a mark; 0 for anything else.
char32_t mark_of(char32_t point) {
    switch (point) {
        case U',':
        case U'，':
        case U'、':
        case U'،':
        case U'—': return U',';
        case U'.':
        case U'。':
        case U'।':
        case U'॥':
        case U'۔':
        case U'…':
        case U'．': return U'.';
        case U'!':
        case U'！': return U'!';
        case U'?':
        case U'？':
        case U'؟': return U'?';
        case U';':
        case U'；':
        case U'؛': return U';';
        case U':':
        case U'：': return U':';
        default: return 0;
    }
}

bool is_space(char32_t point) {
    return point <= U' ' || point == 0xA0 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
           point == 0x2029 || point == 0x202F || point == 0x3000;
}
bool is_closer(char32_t point) {
    return std::u32string_view(U"\"')]}”’»」』）】").find(point) != std::u32string_view::npos;
}
/// Something that is spoken: ASCII letters and digits, and all beyond ASCII that is no mark or symbol.
bool is_spoken(char32_t point) {
    if (point < 0x80)
        return (point >= U'0' && point <= U'9') || (point >= U'a' && point <= U'z') ||
               (point >= U'A' && point <= U'Z') ||
               std::u32string_view(U"$%&+=@").find(point) != std::u32string_view::npos;
    if (mark_of(point) != 0 || is_space(point) || is_closer(point)) return false;
    if (point < 0xC0)
        return point >= 0xA2 && point <= 0xBE && point != 0xA8 && point != 0xAB && point != 0xAF && point != 0xB4;
    const bool symbol = (point >= 0x2000 && point <= 0x206F) || (point >= 0x2190 && point <= 0x2BFF) ||
                        (point >= 0x3001 && point <= 0x303F) || (point >= 0xFE00 && point <= 0xFE0F) ||
                        (point >= 0xFF00 && point <= 0xFF0F) || point == 0xFFFD || point >= 0x1F000;
    return !symbol;
}

int strength(char32_t mark) {
    switch (mark) {
        case U'?': return 5;
        case U'!': return 4;
        case U'.': return 3;
        case U';': return 2;
        case U':': return 2;
        case U',': return 1;
        default: return 0;
    }
}

bool is_ascii_upper(char32_t point) { return point >= U'A' && point <= U'Z'; }

/// Whether the full stop at `at` only shortens a word: "J. Smith", "approx. five".
bool shortens(const Points& points, std::size_t at) {
    if (at >= 1 && is_ascii_upper(points[at - 1]) && points[at - 1] != U'I' && (at == 1 || is_space(points[at - 2])))
        return true;
    std::size_t next = at + 1;
    while (next < points.size() && is_space(points[next])) ++next;
    return next > at + 1 && next < points.size() && points[next] >= U'a' && points[next] <= U'z';
}

bool is_cut(const Points& points, std::size_t at) {
    const char32_t point = points[at];
    if (mark_of(point) == 0) return false;
    if (point >= 0x80) return true;
    std::size_t next = at + 1;
    while (next < points.size() && (is_closer(points[next]) || mark_of(points[next]) != 0)) ++next;
    if (next < points.size() && !is_space(points[next])) return false;
    const bool alone = next == at + 1 && (at == 0 || mark_of(points[at - 1]) == 0);
    return !(point == U'.' && alone && next < points.size() && shortens(points, at));
}

}  // namespace

std::vector<Clause> split_clauses(std::string_view text) {
    const Points points = base::code_points(text);
    std::vector<Clause> clauses;
    Points current;
    const auto end_clause = [&](char32_t mark) {
        if (std::any_of(current.begin(), current.end(), is_spoken)) {
            Clause clause{{}, mark};
            for (const char32_t point : current) base::append_utf8(clause.text, is_space(point) ? U' ' : point);
            clause.text = std::string(base::trimmed(clause.text));
            clauses.push_back(std::move(clause));
        } else if (!clauses.empty() && strength(mark) > strength(clauses.back().mark)) {
            clauses.back().mark = mark;  // "really ?!": a mark that stands by itself belongs to what it follows
        }
        current.clear();
    };
    for (std::size_t i = 0; i < points.size(); ++i) {
        const bool lone_dash = (points[i] == U'–' || points[i] == U'-') && i > 0 && is_space(points[i - 1]) &&
                               i + 1 < points.size() && is_space(points[i + 1]);
        if (lone_dash)
            end_clause(U',');
        else if (is_cut(points, i))
            end_clause(mark_of(points[i]));
        else
            current.push_back(points[i]);
    }
    end_clause(0);
    return clauses;
}

}  // namespace antiphon::engine
