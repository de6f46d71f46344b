// Makes a language model's text speakable.
//
// pure.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// What to say for `text`, which may be a whole answer or any piece of one: plain text without markup,
/// white space folded, punctuation kept only where it makes a pause. Numbers, dates and most signs stay:
/// synthesizers read them in their language.
///
/// For every language: malformed bytes, control characters and emojis are left out; Markdown and HTML
/// give their text only (link texts, table cells, list items), code blocks nothing; a heading, list item
/// or table row ends with a full stop; a URL is said by its host; brackets become commas; of several
/// punctuation marks in a row the strongest stays. For English ("en", "en-..." and "") also: currencies,
/// percent, units, times, ranges, usual abbreviations and signs as words, hosts and file names with "dot".
///
/// Empty if there is nothing to say. Works on any bytes; the result is UTF-8. Linear in time.
std::string text_for_speech(std::string_view text, std::string_view language);

}  // namespace antiphon::speak
