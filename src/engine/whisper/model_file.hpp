// Looks through a whisper.cpp model file before the library loads it.
//
// whisper.cpp trusts what it reads: a file cut short or damaged in its lengths can make it read past
// its buffers or stop the process. This walks the file's structure (magic, dimensions, mel filters,
// vocabulary, tensors: the layout that whisper.cpp's convert-pt-to-ggml.py writes) and reads no weights.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace antiphon::engine::whisper {

/// Fails with
///   unavailable  no such file, or not readable
///   engine       not a whisper.cpp model, or one that does not end where its tensors end
base::Result<void> check_model_file(const std::filesystem::path& path);

}  // namespace antiphon::engine::whisper
