#include "base/base64.hpp"

#include <array>

namespace antiphon::base {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_reverse() {
    std::array<std::int8_t, 256> table{};
    for (auto& value : table) value = -1;
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
        table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}
constexpr auto kReverse = make_reverse();

}  // namespace

// Both run once for each 20 ms of sound of every call: whole groups go straight through, only the last one is looked at.

std::string base64_encode(std::span<const std::uint8_t> bytes) {
    std::string text((bytes.size() + 2) / 3 * 4, '=');
    char* out = text.data();
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    static_cast<std::uint32_t>(bytes[i + 1]) << 8 |
                                    static_cast<std::uint32_t>(bytes[i + 2]);
        *out++ = kAlphabet[group >> 18];
        *out++ = kAlphabet[group >> 12 & 63U];
        *out++ = kAlphabet[group >> 6 & 63U];
        *out++ = kAlphabet[group & 63U];
    }
    if (const std::size_t left = bytes.size() - i; left > 0) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0U);
        *out++ = kAlphabet[group >> 18];
        *out++ = kAlphabet[group >> 12 & 63U];
        if (left > 1) *out = kAlphabet[group >> 6 & 63U];
    }
    return text;
}

Result<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
    const auto refuse = [] { return error(Errc::invalid, "this is not base64"); };
    if (text.size() % 4 != 0) return refuse();
    if (text.empty()) return std::vector<std::uint8_t>();
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;

    std::vector<std::uint8_t> bytes(text.size() / 4 * 3 - padding);
    std::uint8_t* out = bytes.data();
    const auto value = [&](std::size_t at) { return int{kReverse[static_cast<unsigned char>(text[at])]}; };
    std::size_t i = 0;
    for (; i + 4 < text.size(); i += 4) {
        const int a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
        if ((a | b | c | d) < 0) return refuse();
        const auto group = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
        *out++ = static_cast<std::uint8_t>(group >> 16);
        *out++ = static_cast<std::uint8_t>(group >> 8);
        *out++ = static_cast<std::uint8_t>(group);
    }
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
        const int digit = j >= 4 - padding ? 0 : value(i + j);
        if (digit < 0) return refuse();
        group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    // Bits that no byte takes must be zero: one sound has one encoding.
    const std::uint32_t unused = padding == 0 ? 0U : padding == 1 ? 0xFFU : 0xFFFFU;
    if ((group & unused) != 0) return refuse();
    *out++ = static_cast<std::uint8_t>(group >> 16);
    if (padding < 2) *out++ = static_cast<std::uint8_t>(group >> 8);
    if (padding < 1) *out = static_cast<std::uint8_t>(group);
    return bytes;
}

}  // namespace antiphon::base
