// Reads a safetensors file: named tensors of plain numbers.
//
// pure. The format is that of Hugging Face's safetensors: the header's length in eight bytes, little endian; the
// header, a JSON object from names to type, shape and place; then the numbers. The file comes from outside:
// every shape and place is checked against the bytes there are.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

struct SafeTensor {
    std::string type;                     ///< as the file says it, for example "F32"
    std::vector<std::uint64_t> shape;     ///< outermost first; empty: one number
    std::span<const std::uint8_t> bytes;  ///< exactly as many as shape and type ask for
};

using SafeTensors = std::map<std::string, SafeTensor, std::less<>>;

/// The tensors point into `file`, which must outlive them. Fails with `invalid` (not such a file, or damaged)
/// or `unsupported` (a type of less than a byte, or one that is not known).
base::Result<SafeTensors> read_safetensors(std::span<const std::uint8_t> file);

}  // namespace antiphon::engine
