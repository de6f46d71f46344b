// Numbers in network byte order.
//
// pure. Reading is unchecked: the caller knows that the bytes are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::edge {

inline std::uint16_t read_16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}
inline std::uint32_t read_24(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 16U | read_16(bytes, at + 1);
}
inline std::uint32_t read_32(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint32_t>(read_16(bytes, at)) << 16U | read_16(bytes, at + 2);
}

inline void append_16(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(value));
}
inline void append_24(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 16U));
    append_16(bytes, value);
}
inline void append_32(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
    append_16(bytes, value >> 16U);
    append_16(bytes, value);
}

}  // namespace antiphon::edge
