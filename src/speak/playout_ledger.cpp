#include "speak/playout_ledger.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace antiphon::speak {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// The whole words that lie within the first `share` of the text.
std::string_view words_within(std::string_view text, double share) {
    auto end = static_cast<std::size_t>(share * static_cast<double>(text.size()));
    if (end >= text.size()) return text;
    while (end > 0 && !is_space(text[end])) --end;
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

std::optional<std::string> PlayoutLedger::next_begun(std::int64_t position) {
    if (told_ >= pieces_.size()) return std::nullopt;
    std::int64_t start = 0;
    for (std::size_t i = 0; i < told_; ++i) {
        if (!pieces_[i].whole) return std::nullopt;
        start += pieces_[i].samples;
    }
    if (start > position || (pieces_[told_].samples == 0 && !pieces_[told_].whole)) return std::nullopt;
    return pieces_[told_++].text;
}

std::int64_t PlayoutLedger::total() const {
    std::int64_t sum = 0;
    for (const Piece& piece : pieces_) sum += piece.samples;
    return sum;
}

}  // namespace antiphon::speak
