// IEEE 754 half precision (binary16) to and from float.
//
// pure. C++20 has no type for it that every compiler here knows.
#pragma once

#include <bit>
#include <cstdint>

namespace antiphon::engine {

/// Exact.
inline float from_half(std::uint16_t half) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1FU;
    const std::uint32_t fraction = half & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    // Subnormal: fraction times 2^-24, which float holds exactly.
    const float size = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -size : size;
}

/// Rounds to the nearest, ties to even; too large becomes infinity.
inline std::uint16_t to_half(float value) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    const std::uint32_t size = bits & 0x7FFFFFFFU;
    if (size > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);   // not a number
    if (size >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65520 and above
    const auto rounded = [sign](std::uint32_t kept, std::uint32_t dropped, std::uint32_t half_way) {
        const bool up = dropped > half_way || (dropped == half_way && (kept & 1U) != 0);
        return static_cast<std::uint16_t>(sign | (kept + (up ? 1U : 0U)));  // a carry moves into the exponent
    };
    if (size >= 0x38800000U) return rounded((size - 0x38000000U) >> 13, size & 0x1FFFU, 0x1000U);
    if (size < 0x33000000U) return sign;  // below half of the smallest subnormal
    const std::uint32_t shift = 126 - (size >> 23);
    const std::uint32_t fraction = (size & 0x7FFFFFU) | 0x800000U;
    return rounded(fraction >> shift, fraction & ((1U << shift) - 1), 1U << (shift - 1));
}

}  // namespace antiphon::engine
