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

/// A word and the white space behind it; its place in samples of all the sound entered.
struct TimedWord {
    std::string text;
    std::int64_t from = 0;
    std::int64_t to = 0;
    bool operator==(const TimedWord&) const = default;
};

/// A piece whose sound begins to be played.
struct BegunPiece {
    std::string text;
    std::vector<TimedWord> words;  ///< joined, they are the text
};

class PlayoutLedger {
public:
    /// `samples_per_letter`: how long a piece that is still being made is taken to become, until whole
    /// pieces have shown how fast the voice is.
    explicit PlayoutLedger(double samples_per_letter = 0.0) : guess_(samples_per_letter) {}

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

    /// The next piece whose sound begins at or before `position` and that has not been told yet. Its words
    /// lie within its sound by their letters, never before words told earlier; without a sound, all where
    /// it is reached.
    std::optional<BegunPiece> next_begun(std::int64_t position);

    /// Samples of all sound entered.
    std::int64_t total() const;

private:
    struct Piece {
        std::string text;
        std::int64_t samples = 0;
        bool whole = false;
    };

    std::vector<TimedWord> words_of(const Piece& piece, std::int64_t start) const;

    double guess_;
    std::vector<Piece> pieces_;
    std::size_t told_ = 0;
    std::int64_t told_until_ = 0;  ///< where the last word ends that was told
};

}  // namespace antiphon::speak
