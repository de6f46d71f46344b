#include "app/models_command.hpp"

#include "app/fetch_progress.hpp"
#include "engine/bert_to_gguf.hpp"
#include "engine/catalog.hpp"
#include "engine/ct2_to_ggml.hpp"
#include "engine/model_store.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace antiphon::app {
namespace {

using engine::Catalog;
using engine::Model;
using engine::ModelStore;
using Models = std::vector<const Model*>;

int complain(const base::Error& error) {
    std::fprintf(stderr, "antiphon models: %s\n", error.text.c_str());
    return 1;
}

base::Result<Catalog> catalog_of(const ModelsCommand& options) {
    if (options.catalog.empty()) return Catalog::embedded();
    std::ifstream from(options.catalog, std::ios::binary);
    if (!from) return base::error(base::Errc::not_found, "cannot read the catalog " + options.catalog);
    const std::string text{std::istreambuf_iterator<char>(from), {}};
    return Catalog::parse(text);
}

ModelStore store_of(const ModelsCommand& options) {
    return ModelStore(options.models_directory.empty() ? ModelStore::default_directory()
                                                       : std::filesystem::path(options.models_directory));
}

/// Columns as wide as their widest cell, two blanks between them; the last one runs free.
void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        std::printf("%s%s\n", line.c_str(), row.back().c_str());
    }
}

int list(const Catalog& catalog, const Models& models, const ModelStore& store) {
    std::vector<std::vector<std::string>> rows{{"MODEL", "PURPOSE", "SETS", "SIZE", "STATE", "LICENCE"}};
    for (const Model* model : models) {
        std::string sets;
        for (const engine::ModelSet& set : catalog.sets())
            if (std::find(set.models.begin(), set.models.end(), model->id) != set.models.end())
                sets += (sets.empty() ? "" : ",") + set.id;
        rows.push_back({model->id, std::string(name_of(model->purpose)), sets.empty() ? "-" : sets,
                        model->files.empty() ? "-" : size_text(model->size()),
                        std::string(name_of(store.state(*model))), model->licence});
    }
    print_table(rows);

    std::printf("\n");
    std::vector<std::vector<std::string>> sets{{"SET", "SIZE", "ABOUT"}};
    for (const engine::ModelSet& set : catalog.sets()) {
        std::uint64_t bytes = 0;
        for (const std::string& id : set.models) bytes += catalog.model(id)->size();
        const bool standard = set.id == catalog.default_set();
        sets.push_back({set.id, size_text(bytes), set.about + (standard ? " (what `fetch` fetches by default)" : "")});
    }
    print_table(sets);
    std::printf("\nmodels directory: %s\n", store.directory().c_str());
    return 0;
}

int fetch(const Models& models, ModelStore& store) {
    FetchProgress progress;
    const auto done = store.fetch(models, [&](const engine::ModelEvent& event) { progress.show(event); });
    if (!done) return complain(done.error());
    std::uint64_t bytes = 0;
    for (const Model* model : models) bytes += model->size();
    std::printf("%zu models (%s) are in %s; files fetched now: %d\n", models.size(), size_text(bytes).c_str(),
                store.directory().c_str(), progress.installed());
    return 0;
}

/// With names, what they mean must be there; without, only what is there must be right.
int verify(const Models& models, bool named, ModelStore& store) {
    FetchProgress progress;
    int hashed = 0;
    int faults = 0;
    for (const Model* model : models) {
        const bool there = std::any_of(model->files.begin(), model->files.end(), [&](const engine::ModelFile& file) {
            return std::filesystem::exists(store.path_of(*model, file.name));
        });
        if (model->files.empty() || (!there && !named)) continue;
        const auto findings = store.verify(*model, [&](const engine::ModelEvent& event) { progress.show(event); });
        if (!findings) return complain(findings.error());
        for (const std::string& finding : *findings) std::printf("%s\n", finding.c_str());
        faults += static_cast<int>(findings->size());
        hashed += static_cast<int>(model->files.size());
    }
    if (faults > 0)
        return complain(base::error(base::Errc::invalid,
                                    std::to_string(faults) + " of " + std::to_string(hashed) +
                                        " files are damaged or missing; `antiphon models fetch` brings them again"));
    std::printf("%d files in %s are right\n", hashed, store.directory().c_str());
    return 0;
}

int convert(const ModelsCommand& options) {
    const std::filesystem::path from = options.from;
    const auto done =
        options.conversion == "bert-to-gguf"
            ? engine::bert_to_gguf(from / "model.safetensors", from / "vocab.txt", from / "config.json",
                                   std::filesystem::path(options.to))
            : engine::ct2_to_ggml(from / "model.bin", from / "vocabulary.txt", std::filesystem::path(options.to));
    if (!done) return complain(done.error());
    std::printf("%s written\n", options.to.c_str());
    return 0;
}

}  // namespace

void add_models_command(CLI::App& app, ModelsCommand& options) {
    CLI::App* models = app.add_subcommand("models", "List, fetch, check and convert models");
    models->require_subcommand(1);
    const auto add = [&](const char* name, const char* about, ModelsCommand::Action action) {
        CLI::App* one = models->add_subcommand(name, about);
        one->callback([&options, action] { options.action = action; });
        if (action == ModelsCommand::Action::convert) return one;
        one->add_option("names", options.names, "Sets and models");
        one->add_option("--models-dir", options.models_directory, "Where the models lie");
        one->add_option("--catalog", options.catalog, "Another catalog than the one inside the binary")
            ->check(CLI::ExistingFile);
        return one;
    };
    add("list", "Show the models, their sizes and which are installed", ModelsCommand::Action::list);
    add("fetch", "Fetch what is missing or damaged of the named sets and models", ModelsCommand::Action::fetch);
    add("verify", "Hash the installed files and name the damaged ones", ModelsCommand::Action::verify);
    CLI::App* conversion = add("convert", "Convert a model's file", ModelsCommand::Action::convert);
    conversion->add_option("conversion", options.conversion, "ct2-to-ggml or bert-to-gguf")
        ->required()
        ->check(CLI::IsMember({"ct2-to-ggml", "bert-to-gguf"}));
    conversion
        ->add_option("from", options.from,
                     "A folder with model.bin and vocabulary.txt, or model.safetensors, vocab.txt and config.json")
        ->required()
        ->check(CLI::ExistingDirectory);
    conversion->add_option("to", options.to, "The file to write")->required();
}

int run_models_command(const ModelsCommand& options) {
    if (options.action == ModelsCommand::Action::convert) return convert(options);
    const auto catalog = catalog_of(options);
    if (!catalog) return complain(catalog.error());
    std::vector<std::string> names = options.names;
    if (names.empty() && options.action == ModelsCommand::Action::fetch) names.push_back(catalog->default_set());
    const auto models = catalog->select(names);
    if (!models) return complain(models.error());
    ModelStore store = store_of(options);
    switch (options.action) {
        case ModelsCommand::Action::list: return list(*catalog, *models, store);
        case ModelsCommand::Action::fetch: return fetch(*models, store);
        case ModelsCommand::Action::verify: return verify(*models, !names.empty(), store);
        case ModelsCommand::Action::convert: break;
    }
    return convert(options);
}

}  // namespace antiphon::app
