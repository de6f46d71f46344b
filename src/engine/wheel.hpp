// Takes files out of a Python wheel, which is a zip. Nothing in it is run.
//
// thread-safe.
#pragma once

#include "base/result.hpp"
#include "engine/file_descriptor.hpp"
#include "engine/file_hash.hpp"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

namespace antiphon::engine {

/// Appends the file `path` of the wheel to `out` and says how many bytes that were. Fails with `not_found`
/// (no such file inside), `invalid` (damaged, or more than `limit` bytes), `unavailable` (cannot be read or
/// written) or `cancelled`.
base::Result<std::uint64_t> append_from_wheel(const std::filesystem::path& wheel, const std::string& path,
                                              const FileDescriptor& out, std::uint64_t limit, const ByteCount& progress,
                                              const std::stop_token& stop);

}  // namespace antiphon::engine
