// SHA-256 of files, by OpenSSL.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace antiphon::engine {

/// Called now and then with the number of bytes done.
using ByteCount = std::function<void(std::uint64_t done)>;

/// The file's SHA-256 in 64 lowercase hexadecimal digits. Fails with `not_found`, `unavailable` (cannot be
/// read) or `cancelled`.
base::Result<std::string> sha256_of(const std::filesystem::path& file, const ByteCount& progress = {},
                                    const std::stop_token& stop = {});

}  // namespace antiphon::engine
