#include "app/knowledge_command.hpp"

#include "app/engines_embedder.hpp"
#include "app/knowledge_adding.hpp"
#include "app/knowledge_folder.hpp"
#include "app/settings_sources.hpp"
#include "base/log.hpp"
#include "engine/file_descriptor.hpp"
#include "store/knowledge_shelf.hpp"
#include "store/passage_files.hpp"
#include "think/knowledge.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <sys/file.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using Index = std::shared_ptr<const store::PassageIndex>;

int complain(const std::string& text) {
    std::fprintf(stderr, "antiphon knowledge: %s\n", text.c_str());
    return 1;
}

base::Result<OpenedEmbedder> embedder_of(const Settings& settings) {
    const Machine machine = this_machine();
    auto models = choose_models(settings.engines, settings.session.input_language, machine, engine::Catalog::embedded(),
                                thinks_here(settings.engines, settings.backends.ollama_base_url));
    if (!models) return models.error();
    const Engines::Loading loading{settings.engines, std::move(*models), machine, {}, settings.backends.ollama_base_url};
    auto opened = open_embedder(loading, 1, machine.gpu && settings.engines.device != "cpu", {});
    if (opened && !opened->embedder)
        return base::error(base::Errc::unavailable,
                           "there is no embedder: " + (opened->why_none.empty() ? "none is chosen" : opened->why_none));
    return opened;
}

/// Held while a collection is changed.
base::Result<engine::FileDescriptor> lock_of(const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder.parent_path(), failure);
    const fs::path file = folder.parent_path() / ("." + folder.filename().string() + ".lock");
    engine::FileDescriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock) return base::error(base::Errc::unavailable, engine::system_text("cannot open", file));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return base::error(base::Errc::conflict, "the collection is being changed by another `antiphon knowledge`");
    return lock;
}

/// Null when there is none yet.
base::Result<Index> index_in(const fs::path& folder) {
    auto index = store::load_passages(folder);
    if (!index && index.error().code == base::Errc::not_found) return Index();
    return index;
}

base::Result<void> save(store::Passages passages, const fs::path& folder) {
    auto index = store::PassageIndex::build(std::move(passages));
    if (!index) return index.error();
    return store::save_passages(**index, folder);
}

int add(const KnowledgeCommand& options, const Settings& settings, const std::string& collection, const fs::path& folder) {
    std::vector<FoundDocument> documents;
    std::size_t passed_over = 0;
    bool refused = false;
    for (const std::string& path : options.paths) {
        const auto found = find_documents(path);
        if (!found) {
            complain(found.error().text);
            refused = true;
            continue;
        }
        documents.insert(documents.end(), found->documents.begin(), found->documents.end());
        passed_over += found->passed_over;
    }
    if (passed_over > 0)
        std::fprintf(stderr, "%zu files of other kinds were passed over\n", passed_over);
    if (documents.empty()) return complain("there are no documents to add");
    const auto lock = lock_of(folder);
    if (!lock) return complain(lock.error().text);
    const auto before = index_in(folder);
    if (!before) return complain(before.error().text);
    const auto opened = embedder_of(settings);
    if (!opened) return complain(opened.error().text);
    store::Passages passages;
    if (*before) {
        const auto same = think::check_embedder(**before, opened->name, opened->embedder->dimensions(), collection);
        if (!same) return complain(same.error().text);
        passages = (*before)->passages();
    }
    passages.model = opened->name;
    const auto added = add_documents(passages, documents, *opened->embedder,
                                     [](const std::string& name) { std::fprintf(stderr, "  %s\n", name.c_str()); });
    if (!added) return complain(added.error().text + "; nothing was changed");
    for (const std::string& sentence : added->refused) complain(sentence);
    refused = refused || !added->refused.empty();
    if (added->added == 0) return complain("no document could be added");
    const std::size_t all = passages.texts.size();
    if (auto saved = save(std::move(passages), folder); !saved) return complain(saved.error().text);
    std::printf("%zu documents added (%zu of them anew), %zu passages; the collection %s has %zu passages\n", added->added,
                added->replaced, added->passages, collection.c_str(), all);
    if (settings.session.knowledge != collection)
        std::printf("calls look into it with knowledge.collection = \"%s\", or an agent's knowledge = \"%s\"\n",
                    collection.c_str(), collection.c_str());
    return refused ? 1 : 0;
}

int list(const fs::path& root) {
    store::KnowledgeShelf shelf(root);
    int failed = 0;
    for (const std::string& name : shelf.names()) {
        const auto index = shelf.collection(name);
        if (!index) {
            failed = complain(index.error().text);
            continue;
        }
        std::printf("%s  (%zu passages, embedded by %s)\n", name.c_str(), (*index)->size(), (*index)->model().c_str());
        std::map<std::string, std::pair<std::string, std::size_t>> documents;
        for (const store::Passage& passage : (*index)->texts()) {
            documents[passage.document].first = passage.title;
            ++documents[passage.document].second;
        }
        for (const auto& [document, facts] : documents)
            std::printf("    %-40s %5zu  %s\n", document.c_str(), facts.second, facts.first.c_str());
    }
    if (shelf.names().empty()) std::printf("no collections in %s\n", root.c_str());
    return failed;
}

int remove(const KnowledgeCommand& options, const std::string& collection, const fs::path& folder) {
    const auto lock = lock_of(folder);
    if (!lock) return complain(lock.error().text);
    if (options.documents.empty()) {
        if (auto erased = store::erase_passages(folder); !erased) return complain(erased.error().text);
        std::printf("the collection %s is removed\n", collection.c_str());
        return 0;
    }
    const auto index = store::load_passages(folder);
    if (!index) return complain(index.error().text);
    store::Passages passages = (*index)->passages();
    const std::size_t removed = remove_documents(passages, options.documents);
    if (removed == 0) return complain("the collection " + collection + " has no such document");
    const base::Result<void> done = passages.texts.empty() ? store::erase_passages(folder) : save(std::move(passages), folder);
    if (!done) return complain(done.error().text);
    std::printf("%zu of %zu documents removed from %s\n", removed, options.documents.size(), collection.c_str());
    return removed == options.documents.size() ? 0 : 1;
}

int search(const KnowledgeCommand& options, const Settings& settings, const std::string& collection, const fs::path& folder) {
    const auto index = store::load_passages(folder);
    if (!index) return complain(index.error().text);
    const auto opened = embedder_of(settings);
    if (!opened) return complain(opened.error().text);
    const auto same = think::check_embedder(**index, opened->name, opened->embedder->dimensions(), collection);
    if (!same) return complain(same.error().text);
    const auto embedded = opened->embedder->embed({options.question}, {});
    if (!embedded) return complain(embedded.error().text);
    const think::KnowledgeSettings& wanted = settings.call.think.knowledge;
    for (const auto& one : (*index)->search(embedded->vectors.front(), static_cast<std::size_t>(wanted.passages)))
        std::printf("%.3f %s  %s, %s\n    %.300s\n", static_cast<double>(one.score),
                    one.score >= wanted.threshold ? "used" : "not used", one.passage.document.c_str(),
                    one.passage.heading.empty() ? one.passage.title.c_str() : one.passage.heading.c_str(),
                    one.passage.text.c_str());
    return 0;
}

}  // namespace

void add_knowledge_command(CLI::App& app, KnowledgeCommand& options) {
    CLI::App* knowledge = app.add_subcommand("knowledge", "Documents that answers lean on");
    knowledge->require_subcommand(1);
    const auto one = [&](const char* name, const char* about, KnowledgeCommand::Action action) {
        CLI::App* made = knowledge->add_subcommand(name, about);
        made->callback([&options, action] { options.action = action; });
        if (action != KnowledgeCommand::Action::list)
            made->add_option("--name", options.collection, "The collection (default: knowledge.collection, or default)");
        made->add_option("--config", options.config, "The server's settings file");
        made->add_option("--set", options.assignments, "One setting, KEY=VALUE; may be given again")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false);
        return made;
    };
    one("add", "Add documents, or add them anew: text, Markdown, HTML, PDF", KnowledgeCommand::Action::add)
        ->add_option("paths", options.paths, "Files and folders")
        ->required();
    one("list", "Show the collections and their documents", KnowledgeCommand::Action::list);
    one("remove", "Remove documents, or the whole collection", KnowledgeCommand::Action::remove)
        ->add_option("documents", options.documents, "As `list` names them; none: all");
    one("search", "Show what would be found for a question, and how near it is", KnowledgeCommand::Action::search)
        ->add_option("question", options.question, "What a caller would ask")
        ->required();
}

int run_knowledge_command(const KnowledgeCommand& options) {
    auto environment = environment_with_dotenv();
    if (!environment) return complain(environment.error().text);
    const auto settings = read_settings(
        {.file = options.config, .environment = std::move(*environment), .assignments = options.assignments});
    if (!settings) return complain(settings.error().text);
    base::log::set_level("warning");
    const fs::path root = knowledge_folder(settings->engines);
    if (options.action == KnowledgeCommand::Action::list) return list(root);
    std::string collection = options.collection;
    if (collection.empty()) collection = settings->session.knowledge.empty() ? "default" : settings->session.knowledge;
    if (!store::is_collection_name(collection))
        return complain("a collection's name has 1 to 64 letters, digits, -, _ or ., and begins with a letter or digit");
    switch (options.action) {
        case KnowledgeCommand::Action::add: return add(options, *settings, collection, root / collection);
        case KnowledgeCommand::Action::remove: return remove(options, collection, root / collection);
        case KnowledgeCommand::Action::search: return search(options, *settings, collection, root / collection);
        case KnowledgeCommand::Action::list: break;
    }
    return list(root);
}

}  // namespace antiphon::app
