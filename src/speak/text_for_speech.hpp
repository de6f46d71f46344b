// Makes a language model's text speakable.
//
// pure. docs/speakable-text.md says how the steps fit together and how a language is added.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace antiphon::speak {

/// What to say for `text`, which may be a whole answer or any piece of one: plain text without markup,
/// white space folded, punctuation kept only where it makes a pause. Captions and the history keep `text`
/// itself; only the synthesizer gets the result.
///
/// For every language: malformed bytes, control characters and emojis are left out; Markdown and HTML
/// give their text only (link texts, table cells, list items), code blocks nothing; a heading, list item
/// or table row ends with a full stop; a URL is said by its host; brackets become commas; of several
/// punctuation marks in a row the strongest stays. For languages with a reader (language_text.hpp:
/// English, also for "", German, Swedish) numbers, dates, times, amounts, abbreviations, addresses and
/// signs are written out; for the others they stay for the synthesizer.
///
/// `language` is a BCP 47 tag. Empty if there is nothing to say. Works on any bytes; the result is UTF-8.
/// Linear in time; at most max_spoken_characters() long: a text whose words would be longer keeps its
/// numbers and signs as they are.
std::string text_for_speech(std::string_view text, std::string_view language);

/// The most characters (code points) that text_for_speech() gives for a text of `written` ones: four times
/// as many and 256.
std::size_t max_spoken_characters(std::size_t written) noexcept;

}  // namespace antiphon::speak
