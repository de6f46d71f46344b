// Reads the settings, once: from a TOML file, then the environment (with a `.env` file below it), then
// the command line. What comes later wins.
//
// pure, but for the reading of the two files.
#pragma once

#include "app/settings.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::app {

struct EnvironmentVariable {
    std::string name;
    std::string value;
    std::string origin;  ///< for messages: "environment" or ".env:3"
};

struct SettingSources {
    std::optional<std::filesystem::path> file;     ///< TOML; none: ANTIPHON_CONFIG, else no file
    std::vector<EnvironmentVariable> environment;  ///< of one name, the last one counts
    std::vector<std::string> assignments;          ///< "key=value", from the command line
};

/// The process's environment.
std::vector<EnvironmentVariable> process_environment();

/// The lines KEY=VALUE of a `.env` file. Blank lines, lines that begin with #, a leading "export", and
/// comments after " #" are left out; 'single quotes' keep everything, "double quotes" know \n, \t, \"
/// and \\. `origin` is the file's name, for messages. `invalid` with file and line otherwise.
base::Result<std::vector<EnvironmentVariable>> parse_dotenv(std::string_view text, const std::string& origin);

/// As parse_dotenv() of the file; nothing if there is none. `unavailable` if it cannot be read.
base::Result<std::vector<EnvironmentVariable>> read_dotenv(const std::filesystem::path& file);

/// The process's environment, and below it what `.env` in the working directory says.
base::Result<std::vector<EnvironmentVariable>> environment_with_dotenv();

/// The settings. Fails with one sentence that says where (file and line, variable, or command line):
///   unavailable  the TOML file cannot be read
///   invalid      not TOML; an unknown key or ANTIPHON_ variable (the nearest known one is named); a
///                value of another type or out of bounds (the bounds are named)
///   unsupported  a value that is known, but that this build cannot serve
/// A variable that is set but empty counts as not set. ANTIPHON_ names win over the guide's names.
base::Result<Settings> read_settings(const SettingSources& sources);

}  // namespace antiphon::app
