// Where the real models lie for the tests that run them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace antiphon::fakes {

inline std::filesystem::path models_directory() {
    for (const char* name : {"ANTIPHON_MODELS_DIR", "HF_CACHE_DIR"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
    if (const char* value = std::getenv("XDG_CACHE_HOME"); value != nullptr && *value != '\0')
        return std::filesystem::path(value) / "antiphon" / "models";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "antiphon" / "models";
}

/// The path of a model's file, for example ("whisper-base", "ggml-base.bin"). Throws with a sentence
/// that says what to run when it is not there: a test on a real model must not pass without it.
inline std::filesystem::path model_file(const std::string& model, const std::string& file) {
    const auto path = models_directory() / model / file;
    if (!std::filesystem::exists(path))
        throw std::runtime_error("the test needs " + path.string() + ": run `antiphon models fetch tiny` first");
    return path;
}

}  // namespace antiphon::fakes
