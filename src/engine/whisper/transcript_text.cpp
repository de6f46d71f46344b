#include "engine/whisper/transcript_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace antiphon::engine::whisper {
namespace {

struct Bracket {
    char32_t open;
    char32_t close;
};
constexpr std::array kBrackets{Bracket{U'[', U']'}, Bracket{U'(', U')'}, Bracket{U'{', U'}'},
                               Bracket{U'*', U'*'}, Bracket{U'【', U'】'}, Bracket{U'（', U'）'}};
constexpr std::u32string_view kNotes = U"♪♩♫♬♭♮♯";

std::optional<char32_t> closing(char32_t open) {
    for (const Bracket& bracket : kBrackets)
        if (bracket.open == open) return bracket.close;
    return std::nullopt;
}

bool is_space(char32_t c) { return c == U' ' || (c >= U'\t' && c <= U'\r') || c == U'\u00A0' || c == U'\u3000'; }

/// Letters and digits; beyond ASCII everything but the general, CJK and full-width punctuation.
bool is_word_character(char32_t c) {
    if (c < 0x80) return (c >= U'0' && c <= U'9') || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
    const bool punctuation = (c >= 0x80 && c <= 0xBF) || (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) ||
                             (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || c == 0xFFFD;
    return !punctuation;
}

/// Lower case and letters only, one space between words: what two texts have in common when they say the same.
std::string plain(std::string_view text) {
    std::string out;
    bool gap = false;
    for (char32_t c : base::code_points(text)) {
        if (c == U'\'' || c == U'\u2019') continue;
        if (!is_word_character(c)) {
            gap = true;
            continue;
        }
        if (gap && !out.empty()) out += ' ';
        gap = false;
        base::append_utf8(out, c >= U'A' && c <= U'Z' ? c - U'A' + U'a' : c);
    }
    return out;
}

// Collected from Whisper's outputs on silence and noise (OpenAI's discussions 679 and 928, and the
// silence and noise of our own contract suite).
constexpr std::array<std::string_view, 40> kPhrases{
    "you", "bye", "bye bye", "thank you", "thanks", "thank you very much", "thank you so much", "okay", "so", "oh",
    "the end", "thanks for watching", "thank you for watching", "thank you so much for watching",
    "thanks for watching and ill see you in the next video", "ill see you in the next video", "see you next time",
    "see you in the next video", "please subscribe", "please subscribe to my channel",
    "dont forget to like and subscribe", "like and subscribe", "subtitles by the amara org community",
    "subtitles by steamteamextra", "transcription by castingwords", "transcribed by https otter ai",
    "untertitel der amara org community", "untertitelung des zdf 2020", "untertitelung aufgrund der amara org community",
    "vielen dank", "vielen dank fürs zuschauen", "sous titres réalisés para la communauté d amara org",
    "sous titrage société radio canada", "merci d avoir regardé cette vidéo", "subtítulos realizados por la comunidad de amara org",
    "gracias por ver el video", "legendas pela comunidade amara org", "ご視聴ありがとうございました", "감사합니다", "谢谢观看"};

}  // namespace

std::string spoken_words(std::string_view text) {
    const std::vector<char32_t> points = base::code_points(text);
    std::string out;
    bool gap = false;
    bool words = false;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const char32_t c = points[i];
        if (const auto close = closing(c)) {
            const auto end = std::find(points.begin() + static_cast<std::ptrdiff_t>(i) + 1, points.end(), *close);
            // An opening that never closes is a noise cut off by the end of the text; a lone star is none.
            if (end == points.end() && c != U'*') break;
            if (end != points.end()) i = static_cast<std::size_t>(end - points.begin());
            gap = true;
            continue;
        }
        const bool mark = kNotes.find(c) != std::u32string_view::npos || c == U'>' || c == 0xFFFD;
        if (is_space(c) || mark) {
            gap = true;
            continue;
        }
        if (gap && !out.empty()) out += ' ';
        gap = false;
        words = words || is_word_character(c);
        base::append_utf8(out, c);
    }
    return words ? out : std::string();
}

bool is_subtitle_phrase(std::string_view text) {
    const std::string words = plain(text);
    return std::find(kPhrases.begin(), kPhrases.end(), words) != kPhrases.end();
}

}  // namespace antiphon::engine::whisper
