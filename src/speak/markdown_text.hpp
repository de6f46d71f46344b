// The words of Markdown, without the marks.
//
// pure. No parser of the whole language: a piece of an answer may begin and end anywhere, so each mark is
// judged by what stands around it, and half a link or half a bold word is understood too.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::speak {

/// One line, of sentences: blocks of code give nothing; headings, list items, table rows and paragraphs
/// end with a mark (the last one only if its line has ended or it is a heading). URLs become their host.
std::u32string markdown_text(std::u32string_view text);

}  // namespace antiphon::speak
