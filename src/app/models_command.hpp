// `antiphon models list|fetch|verify|convert`.
//
// The main thread only; blocks until the work is done.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace antiphon::app {

struct ModelsCommand {
    enum class Action { list, fetch, verify, convert };

    Action action = Action::list;
    std::vector<std::string> names;  ///< sets and models; none: the default set (fetch), or everything
    std::string models_directory;    ///< empty: ModelStore::default_directory()
    std::string catalog;             ///< a file; empty: the catalog inside the binary
    std::string conversion;          ///< convert: "ct2-to-ggml" or "bert-to-gguf"
    std::string from;                ///< convert: a folder with what the conversion reads
    std::string to;                  ///< convert: the file to write
};

/// Adds the subcommand `models`, whose parsing fills `options`; they must outlive `app`.
void add_models_command(CLI::App& app, ModelsCommand& options);

/// Tables go to standard output, progress and complaints to standard error. The process's exit status: 0 if
/// all is well, 1 if something is missing, damaged or could not be had.
int run_models_command(const ModelsCommand& options);

}  // namespace antiphon::app
