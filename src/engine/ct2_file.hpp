// Reads CTranslate2's model file (model.bin, versions 4 to 6): named tensors and second names for them.
//
// pure. The format is that of CTranslate2's python/ctranslate2/specs/model_spec.py: little endian; version,
// name of the specification and its revision; then each variable with its name, dimensions, type and
// bytes; then the aliases. The file comes from outside: every count is checked against the bytes there are.
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

struct Ct2Variable {
    enum class Type : std::uint8_t { float32 = 0, int8 = 1, int16 = 2, int32 = 3, float16 = 4, bfloat16 = 5 };

    std::vector<std::uint32_t> shape;  ///< outermost first; empty: one number
    Type type = Type::float32;
    std::span<const std::uint8_t> bytes;  ///< exactly as many as shape and type ask for

    bool is_float() const noexcept { return type == Type::float32 || type == Type::float16; }
    std::size_t item_size() const noexcept;
    /// The value of a single whole number; nothing else may be asked.
    std::int64_t integer() const noexcept;
};

class Ct2File {
public:
    /// Reads the whole file; the variables point into `file`, which must outlive this. Fails with `invalid`
    /// (not such a file, or damaged) or `unsupported` (another version).
    static base::Result<Ct2File> parse(std::span<const std::uint8_t> file);

    const std::string& specification() const noexcept { return specification_; }
    const Ct2Variable* find(std::string_view name) const noexcept;
    const std::map<std::string, Ct2Variable, std::less<>>& variables() const noexcept { return variables_; }

private:
    std::string specification_;
    std::map<std::string, Ct2Variable, std::less<>> variables_;
};

}  // namespace antiphon::engine
