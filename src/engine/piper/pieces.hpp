// Parts a text's phonemes into the pieces that the model speaks in one run each.
//
// pure. A whole sentence sounds best in one run; but its first sound comes only when all of it is done,
// and the time grows with the length. So a sentence that is short enough stays whole, and a long one
// breaks at its clauses, the first piece the shorter.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace antiphon::engine::piper {

struct Piece {
    std::u32string phonemes;
    char32_t mark = 0;  ///< the punctuation at its end, already the last phoneme; 0 if none

    bool ends_sentence() const { return mark == U'.' || mark == U'!' || mark == U'?'; }
};

struct PieceLimits {
    std::size_t first = 80;  ///< phonemes of the first piece; about 2.5 s of speech
    std::size_t later = 160;
    std::size_t least = 14;     ///< shorter clauses and sentences join the next: a run of its own sounds clipped
    std::size_t longest = 300;  ///< a clause beyond this is cut between words, or anywhere if it has no spaces
};

/// `clauses` holds each clause's phonemes without its mark, none of them empty. Nothing is left out, and
/// the order stays; marks are appended as phonemes, with a space after them inside a piece.
std::vector<Piece> plan_pieces(const std::vector<Piece>& clauses, const PieceLimits& limits = {});

}  // namespace antiphon::engine::piper
