// Base64 (RFC 4648, section 4) for the audio inside JSON events.
//
// pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::base {

std::string base64_encode(std::span<const std::uint8_t> bytes);
/// The same at the end of a text.
void append_base64(std::string& text, std::span<const std::uint8_t> bytes);

/// Strict: padding is needed; line breaks, other characters and stray bits before the padding are refused
/// with `invalid`.
Result<std::vector<std::uint8_t>> base64_decode(std::string_view text);

}  // namespace antiphon::base
