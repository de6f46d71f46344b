// Bytes as hexadecimal digits, and back.
//
// pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::base {

/// Two lower-case digits for each byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// The byte that two digits stand for, in either case; none for anything but two digits.
std::optional<std::uint8_t> byte_from_hex(std::string_view digits);

}  // namespace antiphon::base
