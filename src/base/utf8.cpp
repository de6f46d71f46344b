#include "base/utf8.hpp"

namespace antiphon::base {
namespace {

struct Decoded {
    char32_t code_point;
    std::size_t length;  ///< bytes taken; 0: malformed, 1 byte should be skipped
    bool cut_short;      ///< the bytes so far are right, but more are needed
};

Decoded decode(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return {first, 1, false};
    std::size_t length = 0;
    char32_t value = 0;
    if (first >= 0xC2 && first <= 0xDF) { length = 2; value = first & 0x1FU; }
    else if (first >= 0xE0 && first <= 0xEF) { length = 3; value = first & 0x0FU; }
    else if (first >= 0xF0 && first <= 0xF4) { length = 4; value = first & 0x07U; }
    else return {0, 0, false};
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= text.size()) return {0, 0, true};
        const unsigned char next = byte(at + i);
        if ((next & 0xC0U) != 0x80U) return {0, 0, false};
        // Overlong forms, surrogates and values over U+10FFFF show in the second byte.
        if (i == 1 && ((first == 0xE0 && next < 0xA0) || (first == 0xED && next > 0x9F) ||
                       (first == 0xF0 && next < 0x90) || (first == 0xF4 && next > 0x8F)))
            return {0, 0, false};
        value = value << 6 | (next & 0x3FU);
    }
    return {value, length, false};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const Decoded d = decode(text, at);
        if (d.length == 0) return false;
        at += d.length;
    }
    return true;
}

std::size_t whole_characters(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        const Decoded d = decode(text, at);
        if (d.cut_short) return at;
        at += d.length == 0 ? 1 : d.length;
    }
    return at;
}

std::vector<char32_t> code_points(std::string_view text) {
    std::vector<char32_t> points;
    points.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Decoded d = decode(text, at);
        points.push_back(d.length == 0 ? U'\uFFFD' : d.code_point);
        at += d.length == 0 ? 1 : d.length;
    }
    return points;
}

std::string to_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string clean;
    for (const char32_t point : code_points(text)) append_utf8(clean, point);
    return clean;
}

void append_utf8(std::string& text, char32_t p) {
    if (p > 0x10FFFF || (p >= 0xD800 && p <= 0xDFFF)) p = U'\uFFFD';
    const auto put = [&](char32_t value) { text += static_cast<char>(static_cast<unsigned char>(value)); };
    if (p < 0x80) {
        put(p);
    } else if (p < 0x800) {
        put(0xC0U | p >> 6);
        put(0x80U | (p & 0x3FU));
    } else if (p < 0x10000) {
        put(0xE0U | p >> 12);
        put(0x80U | (p >> 6 & 0x3FU));
        put(0x80U | (p & 0x3FU));
    } else {
        put(0xF0U | p >> 18);
        put(0x80U | (p >> 12 & 0x3FU));
        put(0x80U | (p >> 6 & 0x3FU));
        put(0x80U | (p & 0x3FU));
    }
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kSpace = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace antiphon::base
