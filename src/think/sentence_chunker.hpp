// Cuts a language model's stream into pieces that can be spoken: the first as early as possible, the
// others whole sentences.
//
// pure. One answer, one chunker. Nothing is lost or changed: the pieces, joined in their order, are the
// text byte for byte; each keeps the white space that follows it, so the ledger can count in them. A piece
// may hold nothing to say ("---\n"); who speaks finds out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::think {

/// Sizes of pieces. A word is a run of characters without white space; in scripts that put none between
/// words (Han, kana) two letters count as one.
struct ChunkerSettings {
    /// The first piece ends at its first clause mark once it has so many words or letters.
    int min_first_words = 3;
    int min_first_letters = 8;
    /// ... or after so many words without a mark.
    int max_first_words = 10;
    /// A later sentence up to so many words joins the next one, if that is there already.
    int short_sentence_words = 2;
    /// A later sentence longer than this is cut at its next clause mark; at twice this between words; at
    /// four times this anywhere.
    std::size_t long_sentence_characters = 200;
    /// A full stop behind a number may make it an ordinal: "am 3. Oktober".
    bool ordinals_have_stops = false;
};

/// Whether the language (BCP 47; may be empty) writes its ordinals with a full stop, as German does.
bool has_ordinals_with_stops(std::string_view language);

/// Where a piece may end, always behind the white space that follows:
///   sentence ends   . ! ? … and their equals in other scripts, with the quotes and brackets that follow,
///                   before white space; those of scripts without spaces (。！？) anywhere; a line's end
///   not at          abbreviations ("Dr.", "e.g."), initials ("J."), decimal numbers, a list's numbers at
///                   a line's start ("1."), a full stop before a small letter; where ordinals have full stops,
///                   a number of up to three digits ("3. Oktober"): a sentence that ends so stays with the next
///   clause marks    , ; : before white space, a dash (— or a lone – or -), and their equals
/// A block of code between ``` lines is never cut. A mark counts once the first character behind it and its
/// white space is known: only that tells "3." from "3.5".
class SentenceChunker {
public:
    explicit SentenceChunker(ChunkerSettings settings = {}) : settings_(settings) {}

    /// Takes the stream's next text, cut anywhere, even inside a character. Gives the pieces that are
    /// certain now, none of them empty.
    std::vector<std::string> push(std::string_view text);

    /// The stream is over: what is left, if anything. The chunker then begins anew.
    std::optional<std::string> finish();

private:
    ChunkerSettings settings_;
    std::string text_;        ///< what has come and is not part of a piece yet
    bool first_ = true;       ///< no piece was given yet
    bool line_start_ = true;  ///< text_ begins a line
};

}  // namespace antiphon::think
