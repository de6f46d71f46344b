#include "think/passage_cutter.hpp"

#include "base/utf8.hpp"
#include "engine/token_estimate.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

namespace antiphon::think {
namespace {

constexpr std::size_t kLongestTitle = 160;  // bytes

/// A sentence or a part of one, with its size.
struct Piece {
    std::string text;
    std::size_t words = 0;
    std::size_t tokens = 0;
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }

std::size_t words_in(std::string_view text) {
    std::size_t words = 0;
    bool in_word = false;
    for (const char c : text) {
        if (!is_space(c) && !in_word) ++words;
        in_word = !is_space(c);
    }
    return words;
}

/// How many bytes the mark at `at` has that ends a sentence; 0: it is none.
std::size_t sentence_mark(std::string_view text, std::size_t at) {
    if (text[at] == '.' || text[at] == '!' || text[at] == '?') return 1;
    for (const std::string_view mark : {"…", "。", "！", "？", "।", "؟"})
        if (text.substr(at).starts_with(mark)) return mark.size();
    return 0;
}

bool is_wide(std::string_view mark) { return mark == "。" || mark == "！" || mark == "？"; }

/// Sentences, with what closes them; an empty line, or the beginning of a list's item, ends one as well.
std::vector<std::string_view> sentences_of(std::string_view text) {
    std::vector<std::string_view> sentences;
    std::size_t from = 0;
    const auto cut = [&](std::size_t to) {
        if (const auto one = base::trimmed(text.substr(from, to - from)); !one.empty()) sentences.push_back(one);
        from = to;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && i + 1 < text.size() && (text[i + 1] == '\n' || text[i + 1] == '-' || text[i + 1] == '*')) cut(i + 1);
        const std::size_t mark = sentence_mark(text, i);
        if (mark == 0) continue;
        const bool wide = is_wide(text.substr(i, mark));
        i += mark - 1;
        while (i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == ')' || text[i + 1] == '\'')) ++i;
        if (wide || i + 1 == text.size() || is_space(text[i + 1])) cut(i + 1);
    }
    cut(text.size());
    return sentences;
}

/// White space is one space: lines of a file are no lines of speech.
std::string with_single_spaces(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        if (!is_space(c)) plain += c;
        else if (!plain.empty() && plain.back() != ' ') plain += ' ';
    }
    return plain;
}

bool fits(const Piece& piece, const CutterSettings& settings) {
    return piece.words <= settings.most_words && piece.tokens <= settings.most_tokens;
}

Piece piece_of(std::string_view text) {
    Piece piece{with_single_spaces(text), words_in(text), 0};
    piece.tokens = engine::estimate_tokens(piece.text);
    return piece;
}

/// A sentence that is too long is halved at a word, and a word that is too long at a character.
void add_pieces(std::vector<Piece>& pieces, std::string_view text, const CutterSettings& settings) {
    text = base::trimmed(text);
    if (text.empty()) return;
    Piece whole = piece_of(text);
    if (fits(whole, settings) || text.size() < 8) {
        pieces.push_back(std::move(whole));
        return;
    }
    const std::string all = std::move(whole.text);
    std::size_t middle = all.rfind(' ', all.size() / 2);
    if (middle == std::string::npos || middle == 0) middle = all.find(' ', all.size() / 2);
    if (middle == std::string::npos) {
        const std::size_t half = all.size() / 2;
        middle = base::whole_characters(std::string_view(all).substr(0, half));
        if (middle == 0) middle = half;
    }
    add_pieces(pieces, std::string_view(all).substr(0, middle), settings);
    add_pieces(pieces, std::string_view(all).substr(middle), settings);
}

/// Gathers sentences until a passage is full.
std::vector<std::string> texts_of(std::string_view text, const CutterSettings& settings) {
    std::vector<Piece> pieces;
    for (const std::string_view sentence : sentences_of(text)) add_pieces(pieces, sentence, settings);
    std::vector<std::string> texts;
    std::size_t from = 0;
    while (from < pieces.size()) {
        std::size_t words = 0;
        std::size_t tokens = 0;
        std::size_t to = from;
        std::string gathered;
        while (to < pieces.size() && words < settings.words) {
            const Piece& next = pieces[to];
            if (to > from && (words + next.words > settings.most_words || tokens + next.tokens > settings.most_tokens)) break;
            gathered += (gathered.empty() ? "" : " ") + next.text;
            words += next.words;
            tokens += next.tokens;
            ++to;
        }
        texts.push_back(std::move(gathered));
        if (to == pieces.size()) break;
        // The next one begins with the end of this one, so that what belongs together stands together once.
        std::size_t again = to;
        words = 0;
        tokens = 0;
        while (again > from + 1 && words + pieces[again - 1].words <= settings.overlap_words) {
            words += pieces[--again].words;
            tokens += pieces[again].tokens;
        }
        // Unless the sentence that had no room has none behind them either: then nothing would be gained.
        const bool room = words + pieces[to].words <= settings.most_words &&
                          tokens + pieces[to].tokens <= settings.most_tokens;
        from = room ? again : to;
    }
    return texts;
}

/// Of one line, and no longer than a title is.
std::string title_of(std::string_view text) {
    std::string title = with_single_spaces(base::trimmed(text));
    if (title.size() > kLongestTitle) title.resize(base::whole_characters(std::string_view(title).substr(0, kLongestTitle)));
    return title;
}

}  // namespace

std::vector<store::Passage> passages_of(const Document& document, const std::string& path, const CutterSettings& settings) {
    const std::string title =
        title_of(document.title.empty() ? std::filesystem::path(path).stem().string() : document.title);
    std::vector<store::Passage> passages;
    for (const Section& section : document.sections)
        for (std::string& text : texts_of(section.text, settings))
            passages.push_back({path, title, title_of(section.heading), std::move(text)});
    return passages;
}

std::string text_to_embed(const store::Passage& passage) {
    std::string text = passage.title;
    if (!passage.heading.empty() && passage.heading != passage.title) text += ". " + passage.heading;
    return text + ". " + passage.text;
}

}  // namespace antiphon::think
