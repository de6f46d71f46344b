// `antiphon knowledge add|list|remove|search`.
//
// The main thread only; blocks until the work is done.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace antiphon::app {

struct KnowledgeCommand {
    enum class Action { add, list, remove, search };

    Action action = Action::list;
    std::vector<std::string> paths;      ///< add: files and folders
    std::vector<std::string> documents;  ///< remove: their names; none: all of the collection
    std::string question;                ///< search
    std::string collection;              ///< empty: knowledge.collection, or else "default"
    std::optional<std::filesystem::path> config;  ///< as the server's
    std::vector<std::string> assignments;
};

/// Adds the subcommand `knowledge`, whose parsing fills `options`; they must outlive `app`.
void add_knowledge_command(CLI::App& app, KnowledgeCommand& options);

/// Tables go to standard output, progress and complaints to standard error. The process's exit status: 0 if all is well,
/// 1 if a document was refused (the others were added) or nothing could be done.
int run_knowledge_command(const KnowledgeCommand& options);

}  // namespace antiphon::app
