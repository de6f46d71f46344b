// UTF-8 where text is cut or comes from outside.
//
// pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::base {

/// Whether the text is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// How many leading bytes of `text` are whole characters: the rest is the beginning of a character
/// whose other bytes have not come yet. A malformed byte counts as whole, so that nothing gets stuck.
std::size_t whole_characters(std::string_view text) noexcept;

/// The text with each malformed byte replaced by U+FFFD.
std::string to_utf8(std::string_view text);

/// The code points; malformed bytes become U+FFFD.
std::vector<char32_t> code_points(std::string_view text);

/// Appends one code point as UTF-8; a surrogate or a number above U+10FFFF as U+FFFD.
void append_utf8(std::string& text, char32_t code_point);

/// Without white space at both ends.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace antiphon::base
