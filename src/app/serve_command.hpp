// `antiphon serve`: reads the settings and runs the server, or only checks or prints them.
//
// Runs on the main thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

struct ServeCommand {
    std::optional<std::filesystem::path> config;
    std::optional<std::string> host;
    std::optional<int> port;
    std::vector<std::string> assignments;            ///< "key=value", each one setting
    std::optional<std::filesystem::path> port_file;  ///< gets the port as a line of text once it listens
    bool tls = false;  ///< speak TLS: with the files of the settings, else with a certificate of our own
    bool open = false;  ///< everybody is let in while there are no keys
    bool check_config = false;
    bool print_settings = false;
    bool print_settings_help = false;
    bool print_settings_example = false;
    bool print_authorization = false;
};

/// Gives the exit code: 0 after an orderly end; 1 when something failed, after one clear sentence on
/// standard error.
int run_serve_command(const ServeCommand& command);

}  // namespace antiphon::app
