// Cuts text at the punctuation that a voice makes audible: , . ! ? ; :
//
// pure. For Piper espeak-ng swallows punctuation, while its voices were trained with it as phonemes of their own;
// so the text is cut here, and each clause carries its mark past espeak-ng.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

struct Clause {
    std::string text;   ///< UTF-8, trimmed, without the mark; holds at least one letter or digit
    char32_t mark = 0;  ///< one of , . ! ? ; : or 0: the text ends without a mark

    bool ends_sentence() const { return mark == U'.' || mark == U'!' || mark == U'?'; }
};

/// The clauses of the text (UTF-8), in order; none if there is nothing to say in it. ASCII marks count
/// only before white space, a closing quote or bracket, or the end, so that "3.5", "10:30" and "a.com"
/// stay whole; a full stop also not after an initial ("J. Smith") and not before a small letter
/// ("approx. five"). Marks of other scripts are taken as their ASCII equals; a dash (— or a lone –) is
/// a comma, an ellipsis a full stop. Of several marks in a row the strongest counts.
std::vector<Clause> split_clauses(std::string_view text);

}  // namespace antiphon::engine
