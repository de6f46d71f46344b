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

std::string base64_encode(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0U) |
                                    (left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0U);
        text += kAlphabet[group >> 18 & 63U];
        text += kAlphabet[group >> 12 & 63U];
        text += left > 1 ? kAlphabet[group >> 6 & 63U] : '=';
        text += left > 2 ? kAlphabet[group & 63U] : '=';
    }
    return text;
}

Result<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
    const auto refuse = [] { return error(Errc::invalid, "this is not base64"); };
    if (text.size() % 4 != 0) return refuse();
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;

    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const bool padded = last && j >= 4 - padding;
            const std::int8_t value = padded ? std::int8_t{0} : kReverse[static_cast<unsigned char>(text[i + j])];
            if (value < 0) return refuse();
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        // Bits that no byte takes must be zero: one sound has one encoding.
        const std::uint32_t unused = !last || padding == 0 ? 0U : padding == 1 ? 0xFFU : 0xFFFFU;
        if ((group & unused) != 0) return refuse();
        bytes.push_back(static_cast<std::uint8_t>(group >> 16));
        if (!last || padding < 2) bytes.push_back(static_cast<std::uint8_t>(group >> 8));
        if (!last || padding < 1) bytes.push_back(static_cast<std::uint8_t>(group));
    }
    return bytes;
}

}  // namespace antiphon::base
