#include "engine/piper/espeak_phonemizer.hpp"

#include "base/utf8.hpp"
#include "engine/espeak_library.hpp"

#include <espeak-ng/speak_lib.h>

#include <algorithm>

namespace antiphon::engine::piper {
namespace {

/// One combining mark with the letters that Unicode has in one piece with it (Unicode 15, canonical
/// decompositions of the small Latin letters; espeak-ng writes no others).
struct Decomposition {
    char32_t mark;
    std::u32string_view composed;
    std::u32string_view letters;
};
constexpr Decomposition kDecompositions[] = {
    {0x0300, U"àèìòùǹẁỳ", U"aeiounwy"},
    {0x0301, U"áéíóúýćńśźĺŕǵ", U"aeiouycnszlrg"},
    {0x0302, U"âêîôûĉĝĥĵŝŵŷ", U"aeioucghjswy"},
    {0x0303, U"ãñõĩũẽỹ", U"anoiuey"},
    {0x0304, U"āēīōūȳ", U"aeiouy"},
    {0x0306, U"ăĕğĭŏŭ", U"aegiou"},
    {0x0307, U"ċėġżȧ", U"cegza"},
    {0x0308, U"äëïöüÿ", U"aeiouy"},
    {0x030A, U"åů", U"au"},
    {0x030B, U"őű", U"ou"},
    {0x030C, U"čďěňřšťžǎǐǒǔǰ", U"cdenrstzaiouj"},
    {0x0327, U"çģķļņŗşţ", U"cgklnrst"},
    {0x0328, U"ąęįųǫ", U"aeiuo"},
    {0x0323, U"ạḍẹḥịḳḷṃṇọṛṣṭụẓ", U"adehiklmnorstuz"},
};

void append_decomposed(std::u32string& out, char32_t point) {
    if (point >= 0xC0)
        for (const Decomposition& row : kDecompositions)
            if (const auto at = row.composed.find(point); at != std::u32string_view::npos) {
                out += row.letters[at];
                out += row.mark;
                return;
            }
    out += point;
}

bool is_language_letter(char32_t point) {
    return (point >= U'a' && point <= U'z') || (point >= U'0' && point <= U'9') || point == U'-';
}

}  // namespace

std::u32string to_piper_phonemes(std::string_view ipa) {
    const auto points = base::code_points(ipa);
    std::u32string out;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i] == U'(') {
            std::size_t close = i + 1;
            while (close < points.size() && is_language_letter(points[close])) ++close;
            if (close > i + 1 && close < points.size() && points[close] == U')') {
                i = close;
                continue;
            }
        }
        if (points[i] > U' ')
            append_decomposed(out, points[i]);
        else if (!out.empty() && out.back() != U' ')
            out += U' ';
    }
    if (!out.empty() && out.back() == U' ') out.pop_back();
    return out;
}

base::Result<EspeakPhonemizer> EspeakPhonemizer::open(std::string voice) {
    auto espeak = HeldEspeak::take();
    if (!espeak) return espeak.error();
    if (!espeak->use_voice(voice)) return base::error(base::Errc::unsupported, "espeak-ng has no voice \"" + voice + "\"");
    return EspeakPhonemizer(std::move(voice));
}

base::Result<std::u32string> EspeakPhonemizer::phonemes(std::string_view text) const {
    if (!base::is_utf8(text)) return base::error(base::Errc::invalid, "the text is not UTF-8", "text");
    std::string clean(text);
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    std::string ipa;
    {
        auto espeak = HeldEspeak::take();
        if (!espeak) return espeak.error();
        if (!espeak->use_voice(voice_)) return base::error(base::Errc::engine, "espeak-ng lost its voice \"" + voice_ + "\"");
        const void* rest = clean.c_str();
        while (rest != nullptr) {
            const char* clause = espeak_TextToPhonemes(&rest, espeakCHARS_UTF8, espeakPHONEMES_IPA);
            if (clause == nullptr) break;
            ipa += clause;
            ipa += ' ';
        }
    }
    return to_piper_phonemes(ipa);
}

}  // namespace antiphon::engine::piper
