#include "base/base64.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace antiphon::base {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Two characters for each 12 bits.
constexpr std::array<std::array<char, 2>, 4096> make_pairs() {
    std::array<std::array<char, 2>, 4096> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kAlphabet[i >> 6U], kAlphabet[i & 63U]};
    return pairs;
}
constexpr auto kPairs = make_pairs();

/// What a character stands for, moved to its place in a group of four; this bit for those that stand for nothing.
constexpr std::uint32_t kNone = 1U << 31U;
constexpr std::array<std::array<std::uint32_t, 256>, 4> make_reverse() {
    std::array<std::array<std::uint32_t, 256>, 4> tables{};
    for (std::size_t place = 0; place < 4; ++place) {
        for (auto& value : tables[place]) value = kNone;
        for (std::uint32_t i = 0; i < kAlphabet.size(); ++i)
            tables[place][static_cast<unsigned char>(kAlphabet[i])] = i << (18 - 6 * place);
    }
    return tables;
}
constexpr auto kReverse = make_reverse();

}  // namespace

// Both run once for each 20 ms of sound of every call: whole groups go straight through, only the last one is looked at.

void append_base64(std::string& text, std::span<const std::uint8_t> bytes) {
    const std::size_t begin = text.size();
    text.resize(begin + (bytes.size() + 2) / 3 * 4, '=');
    char* out = text.data() + begin;
    const auto put = [&out](std::uint32_t bits) {
        std::memcpy(out, kPairs[bits].data(), 2);
        out += 2;
    };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    static_cast<std::uint32_t>(bytes[i + 1]) << 8 |
                                    static_cast<std::uint32_t>(bytes[i + 2]);
        put(group >> 12);
        put(group & 4095U);
    }
    if (const std::size_t left = bytes.size() - i; left > 0) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0U);
        put(group >> 12);
        if (left > 1) *out = kAlphabet[group >> 6 & 63U];
    }
}

std::string base64_encode(std::span<const std::uint8_t> bytes) {
    std::string text;
    append_base64(text, bytes);
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
    const auto value = [&](std::size_t at, std::size_t place) {
        return kReverse[place][static_cast<unsigned char>(text[at + place])];
    };
    std::size_t i = 0;
    for (; i + 4 < text.size(); i += 4) {
        const std::uint32_t group = value(i, 0) | value(i, 1) | value(i, 2) | value(i, 3);
        if ((group & kNone) != 0) return refuse();
        *out++ = static_cast<std::uint8_t>(group >> 16);
        *out++ = static_cast<std::uint8_t>(group >> 8);
        *out++ = static_cast<std::uint8_t>(group);
    }
    std::uint32_t group = 0;
    for (std::size_t place = 0; place < 4 - padding; ++place) group |= value(i, place);
    if ((group & kNone) != 0) return refuse();
    // Bits that no byte takes must be zero: one sound has one encoding.
    const std::uint32_t unused = padding == 0 ? 0U : padding == 1 ? 0xFFU : 0xFFFFU;
    if ((group & unused) != 0) return refuse();
    *out++ = static_cast<std::uint8_t>(group >> 16);
    if (padding < 2) *out++ = static_cast<std::uint8_t>(group >> 8);
    if (padding < 1) *out = static_cast<std::uint8_t>(group);
    return bytes;
}

}  // namespace antiphon::base
