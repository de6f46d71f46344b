#include "base/hexadecimal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <string>

namespace antiphon::base {
namespace {

TEST(Hexadecimal, EachByteComesBackInEitherCase) {
    for (int value = 0; value < 256; ++value) {
        const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>(value)};
        std::string digits = to_hex(byte);
        ASSERT_EQ(digits.size(), 2U);
        EXPECT_EQ(byte_from_hex(digits), byte[0]);
        for (char& digit : digits) digit = static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
        EXPECT_EQ(byte_from_hex(digits), byte[0]);
    }
    EXPECT_EQ(to_hex(std::array<std::uint8_t, 3>{0x00, 0x9A, 0xFF}), "009aff");
}

TEST(Hexadecimal, WhatIsNotTwoDigitsIsNoByte) {
    for (const char* text : {"", "a", "abc", "g0", "0g", " 1", "1 ", "+1", "-1", "0x", "/0", ":0", "@0", "G0", "`0", "\xC3\xA9"})
        EXPECT_EQ(byte_from_hex(text), std::nullopt) << text;
}

}  // namespace
}  // namespace antiphon::base
