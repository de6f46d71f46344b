// Knows which words belong to which sound, so that the history can be cut where the caller stopped listening.
//
// pure. Pieces of text are entered in order, and their sound as it is made. Within a piece, words are taken
// to be spread evenly over the sound by their letters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::speak {

class PlayoutLedger {
public:
    /// A new piece, spoken after all pieces before it. Answers its number, counted from 0.
    std::size_t add_piece(std::string text);

    /// `samples` more of sound of the piece; pieces are made one after the other.
    void add_sound(std::size_t piece, std::int64_t samples);
    /// The piece's sound is whole; one without any sound has been heard as soon as it is reached.
    void finish_piece(std::size_t piece);

    /// The words heard when `played` samples have been played: whole pieces as they were written, then the
    /// whole words of the piece that was being spoken. White space at the end is left out.
    std::string heard(std::int64_t played) const;

    /// All the text that was entered.
    std::string text() const;

    /// The next piece whose sound begins at or before `position` and that has not been told yet.
    std::optional<std::string> next_begun(std::int64_t position);

    /// Samples of all sound entered.
    std::int64_t total() const;

private:
    struct Piece {
        std::string text;
        std::int64_t samples = 0;
        bool whole = false;
    };

    std::vector<Piece> pieces_;
    std::size_t told_ = 0;
};

}  // namespace antiphon::speak
