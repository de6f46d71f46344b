// Kinds of code points, for the steps that make text speakable.
//
// pure.
#pragma once

#include <string_view>

namespace antiphon::speak {

inline bool is_one_of(char32_t point, std::u32string_view set) { return set.find(point) != std::u32string_view::npos; }
inline bool is_digit(char32_t point) { return point >= U'0' && point <= U'9'; }
inline bool is_lower(char32_t point) {
    return (point >= U'a' && point <= U'z') || (point >= 0xDF && point <= 0xFF && point != 0xF7);
}
inline bool is_upper(char32_t point) {
    return (point >= U'A' && point <= U'Z') || (point >= 0xC0 && point <= 0xDE && point != 0xD7);
}
/// A letter of any script: all beyond Latin-1 that is no punctuation, symbol or emoji.
inline bool is_letter(char32_t point) {
    return is_lower(point) || is_upper(point) || point == 0xAA || point == 0xBA ||
           (point >= 0x100 && point <= 0x1FFF) || (point >= 0x2C00 && point <= 0x2DFF) ||
           (point >= 0x3005 && point <= 0x3007) || (point >= 0x3040 && point <= 0xD7FF) ||
           (point >= 0xF900 && point <= 0xFAFF) || (point >= 0xFB00 && point <= 0xFDFF) ||
           (point >= 0xFE70 && point <= 0xFEFE) ||
           (point >= 0xFF10 && point <= 0xFFDC && (point <= 0xFF19 || point >= 0xFF21)) ||
           (point >= 0x10000 && point <= 0x1EFFF) || (point >= 0x20000 && point <= 0x3FFFF);
}
inline bool is_alphanumeric(char32_t point) { return is_digit(point) || is_letter(point); }
inline bool is_space(char32_t point) {
    return point == U' ' || (point >= 9 && point <= 13) || point == 0x85 || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
           point == 0x205F || point == 0x3000;
}

inline bool is_sentence_mark(char32_t point) { return is_one_of(point, U".!?…。！？।॥؟۔"); }
inline bool is_clause_mark(char32_t point) { return is_one_of(point, U",;:，、；：،؛"); }
inline bool is_mark(char32_t point) { return is_sentence_mark(point) || is_clause_mark(point); }

/// The code point at `at`, or 0 outside: so that looking around needs no checks.
inline char32_t at(std::u32string_view text, std::size_t index) { return index < text.size() ? text[index] : U'\0'; }
/// The one before `index`.
inline char32_t before(std::u32string_view text, std::size_t index) { return index == 0 ? U'\0' : at(text, index - 1); }

}  // namespace antiphon::speak
