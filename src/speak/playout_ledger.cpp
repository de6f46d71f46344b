#include "speak/playout_ledger.hpp"

#include "base/utf8.hpp"
#include "speak/characters.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace antiphon::speak {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Han, kana and their extensions: scripts without spaces, where each letter stands for itself.
bool is_dense(char32_t point) {
    return (point >= 0x3040 && point <= 0x30FF) || (point >= 0x3400 && point <= 0x9FFF) ||
           (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x20000 && point <= 0x3FFFF);
}

struct Word {
    std::string text;
    std::int64_t letters = 0;
};

/// The text cut into words; white space belongs to the word before it, at the start to the first.
std::vector<Word> cut(std::string_view text) {
    std::vector<Word> words;
    bool after_space = false;
    for (const char32_t point : base::code_points(text)) {
        const bool space = is_space(point);
        const bool begins = words.empty() || (words.back().letters > 0 && !space && (after_space || is_dense(point)));
        if (begins) words.emplace_back();
        base::append_utf8(words.back().text, point);
        if (!space) ++words.back().letters;
        after_space = space;
    }
    return words;
}

std::int64_t letters_in(std::string_view text) {
    const auto points = base::code_points(text);
    return std::count_if(points.begin(), points.end(), [](char32_t point) { return !is_space(point); });
}

/// The whole words that lie within the first `share` of the text.
std::string_view words_within(std::string_view text, double share) {
    auto end = static_cast<std::size_t>(share * static_cast<double>(text.size()));
    if (end >= text.size()) return text;
    while (end > 0 && !is_blank(text[end])) --end;
    return text.substr(0, end);
}

}  // namespace

std::size_t PlayoutLedger::add_piece(std::string text) {
    pieces_.push_back({std::move(text), 0, false});
    return pieces_.size() - 1;
}

void PlayoutLedger::add_sound(std::size_t piece, std::int64_t samples) { pieces_.at(piece).samples += samples; }

void PlayoutLedger::finish_piece(std::size_t piece) { pieces_.at(piece).whole = true; }

std::string PlayoutLedger::heard(std::int64_t played) const {
    std::string words;
    for (const Piece& piece : pieces_) {
        if (piece.whole && played >= piece.samples) {
            if (piece.samples > 0 || played > 0) words += piece.text;
            played -= piece.samples;
            continue;
        }
        if (played > 0 && piece.samples > 0) {
            // Of a piece that is still being made only the first part's length is known; speech at about
            // twice that much is a guess on the careful side.
            const auto whole = static_cast<double>(piece.whole ? piece.samples : 2 * std::max(piece.samples, played));
            words += words_within(piece.text, static_cast<double>(played) / whole);
        }
        break;
    }
    const std::size_t end = words.find_last_not_of(" \n\t\r");
    words.resize(end == std::string::npos ? 0 : end + 1);
    return words;
}

std::string PlayoutLedger::text() const {
    std::string all;
    for (const Piece& piece : pieces_) all += piece.text;
    return all;
}

std::optional<BegunPiece> PlayoutLedger::next_begun(std::int64_t position) {
    if (told_ >= pieces_.size()) return std::nullopt;
    std::int64_t start = 0;
    for (std::size_t i = 0; i < told_; ++i) {
        if (!pieces_[i].whole) return std::nullopt;
        start += pieces_[i].samples;
    }
    const Piece& piece = pieces_[told_];
    if (start > position || (piece.samples == 0 && !piece.whole)) return std::nullopt;
    ++told_;
    BegunPiece begun{piece.text, words_of(piece, start)};
    // The piece before may have become shorter than its words were told to be.
    for (TimedWord& word : begun.words) {
        word.from = std::max(word.from, told_until_);
        word.to = std::max(word.to, word.from);
        told_until_ = word.to;
    }
    return begun;
}

std::vector<TimedWord> PlayoutLedger::words_of(const Piece& piece, std::int64_t start) const {
    double length = static_cast<double>(piece.samples);
    const std::int64_t letters = letters_in(piece.text);
    if (!piece.whole) {
        std::int64_t samples = 0;
        std::int64_t spoken = 0;
        for (const Piece& other : pieces_) {
            if (!other.whole || other.samples == 0) continue;
            samples += other.samples;
            spoken += letters_in(other.text);
        }
        const double each = spoken > 0 ? static_cast<double>(samples) / static_cast<double>(spoken) : guess_;
        length = std::max(length, each * static_cast<double>(letters));
    }
    const double each = letters > 0 ? length / static_cast<double>(letters) : 0.0;
    std::vector<TimedWord> words;
    std::int64_t before = 0;
    const auto place = [&](std::int64_t count) {
        return start + static_cast<std::int64_t>(each * static_cast<double>(count));
    };
    for (Word& word : cut(piece.text)) {
        const std::int64_t behind = before + word.letters;
        words.push_back({std::move(word.text), place(before), place(behind)});
        before = behind;
    }
    return words;
}

std::int64_t PlayoutLedger::total() const {
    std::int64_t sum = 0;
    for (const Piece& piece : pieces_) sum += piece.samples;
    return sum;
}

}  // namespace antiphon::speak
