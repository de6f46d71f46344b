// `antiphon keys add|list|remove`: the access keys of a server.
//
// The main thread only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace antiphon::app {

struct KeysCommand {
    enum class Action { add, list, remove };

    Action action = Action::list;
    std::string name;
    std::optional<std::filesystem::path> config;  ///< where access.keys_file may stand
    std::vector<std::string> assignments;         ///< "key=value", each one setting
};

/// Adds the subcommand `keys`, whose parsing fills `command`; it must outlive `app`.
void add_keys_command(CLI::App& app, KeysCommand& command);

/// A new key goes to standard output, alone and once; what there is to know beside it to standard error. Gives the exit
/// code: 1 when something failed, after one clear sentence on standard error.
int run_keys_command(const KeysCommand& command);

}  // namespace antiphon::app
