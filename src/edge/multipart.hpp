// multipart/form-data bodies (RFC 7578, RFC 2046 section 5.1.1), as HTML forms and HTTP clients write them.
//
// pure; fuzzed (tests/fuzz/multipart_fuzz.cpp).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

struct Part {
    std::string name;          ///< of the field, UTF-8
    std::string filename;      ///< empty if the part is no file
    bool is_file = false;      ///< a filename was given, be it an empty one
    std::string_view content;  ///< within the body that was parsed
};

/// More than these are refused.
constexpr std::size_t kMaxParts = 64;
constexpr std::size_t kMaxPartHeader = 8192;  ///< bytes of one part's header lines together

/// The parts in their order. Fails with `invalid` and a sentence for: a content type that is not
/// multipart/form-data or has no boundary of 1 to 70 characters, a body without the boundary or without the
/// closing one, a part without a name, a header over its bound or without its empty line, too many parts. Bytes
/// before the first and after the last boundary are passed over. Linear in time.
base::Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace antiphon::edge
