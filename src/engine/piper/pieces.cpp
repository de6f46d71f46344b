#include "engine/piper/pieces.hpp"

#include <utility>

namespace antiphon::engine::piper {
namespace {

/// Clauses no longer than `longest`: the head of a cut one has no mark.
std::vector<Piece> cut_longest(const std::vector<Piece>& clauses, std::size_t longest) {
    std::vector<Piece> parts;
    for (const Piece& clause : clauses) {
        std::u32string_view rest = clause.phonemes;
        while (rest.size() > longest) {
            const auto space = rest.rfind(U' ', longest);
            const bool between_words = space != std::u32string_view::npos && space > 0;
            const auto end = between_words ? space : longest;
            parts.push_back({std::u32string(rest.substr(0, end)), 0});
            rest.remove_prefix(between_words ? end + 1 : end);
        }
        if (!rest.empty()) parts.push_back({std::u32string(rest), clause.mark});
    }
    return parts;
}

}  // namespace

std::vector<Piece> plan_pieces(const std::vector<Piece>& clauses, const PieceLimits& limits) {
    const auto parts = cut_longest(clauses, limits.longest);
    std::vector<Piece> pieces;
    Piece current;
    const auto flush = [&] {
        if (!current.phonemes.empty()) pieces.push_back(std::exchange(current, {}));
    };
    for (const Piece& part : parts) {
        const std::size_t limit = pieces.empty() ? limits.first : limits.later;
        if (current.phonemes.size() >= limits.least && current.phonemes.size() + part.phonemes.size() > limit) flush();
        if (!current.phonemes.empty()) current.phonemes += U' ';
        current.phonemes += part.phonemes;
        current.mark = part.mark;
        if (part.mark != 0) current.phonemes += part.mark;
        if (current.phonemes.size() >= limits.least && (part.ends_sentence() || part.mark == 0)) flush();
    }
    flush();
    return pieces;
}

}  // namespace antiphon::engine::piper
