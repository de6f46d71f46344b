// `antiphon reload`: has a running server read its settings and agents again, and waits for the outcome.
//
// Runs on the main thread.
#pragma once

#include "app/settings_sources.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

struct ReloadCommand {
    std::optional<std::filesystem::path> pid_file;  ///< none: as the settings say
    std::optional<std::filesystem::path> config;    ///< these three as for serve: they only tell where the pid file is
    std::optional<int> port;
    std::vector<std::string> assignments;
    std::chrono::seconds timeout{30};
};

/// Gives the exit code: 0 when the server took the settings, after what changed on standard output; 1 when it
/// did not, or none runs, after the reason on standard error.
int run_reload_command(const ReloadCommand& command);

}  // namespace antiphon::app
