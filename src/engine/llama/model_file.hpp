// Loads a GGUF file, and turns what llama.cpp says about it into an Error.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <llama-cpp.h>

#include <filesystem>

namespace antiphon::engine::llama {

/// Sends llama.cpp's log to ours at debug level, once per process. What it calls errors has come back to
/// us as a result as well, so none of it needs a reader by itself.
void route_library_log();

/// `unavailable` for no such file, `engine` for one that llama.cpp refuses (with its own words).
/// `layers` on the GPU; -1: all of them.
base::Result<llama_model_ptr> load_model(const std::filesystem::path& file, int layers);

/// `engine` when it cannot be made, for example for want of memory.
base::Result<llama_context_ptr> open_context(llama_model& model, const llama_context_params& parameters);

}  // namespace antiphon::engine::llama
