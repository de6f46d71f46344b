// Which models the server uses: the chosen set's, or what the settings name instead.
//
// pure, but for looking whether the files are there.
#pragma once

#include "app/settings.hpp"
#include "base/result.hpp"
#include "engine/catalog.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace antiphon::app {

/// What the choice is made by.
struct Machine {
    unsigned cores = 1;
    bool gpu = false;
};

struct ChosenModel {
    std::filesystem::path file;            ///< the model's first, which names the others
    const engine::Model* model = nullptr;  ///< null: a file of the user's own
};

/// What the catalog or, failing that, the file calls it.
std::string name_of(const ChosenModel& chosen);

struct ModelChoice {
    std::filesystem::path directory;
    std::string set;
    std::string why;  ///< a few words for the log line
    ChosenModel voice_detector;
    ChosenModel recognizer;
    ChosenModel language_model;
    ChosenModel voice;                     ///< without a file: none is on disk, and none is needed
    std::vector<ChosenModel> more_voices;  ///< for other languages, or named for theirs
    /// By primary language: a voice's name, or the path of a Piper voice among the chosen.
    std::map<std::string, std::string> voice_of_language;
    ChosenModel embedder;     ///< without a file: none, and the server works without
    std::string no_embedder;  ///< why there is none, for the log; empty when there is one
};

/// A set named by the settings always wins. Otherwise the first that is on disk of those that suit the
/// machine: gpu (needs one), small (eight cores), tiny; then any that is on disk. What is there is only
/// looked at, not read: ModelStore::check() does that. `language` is what callers speak and chooses among
/// a set's voices; empty: the set's first. Besides it, every installed voice of another language is chosen, unless
/// only espeak is to speak; with edge and espeak there need be none. The catalog must outlive the choice. An embedder
/// that the settings do not name is used if the set's is on disk, and decides nothing. Without `thinks_here` no language
/// model is needed, and none chosen. Fails with
///   not_found    a model that the catalog does not know and that is no file either
///   invalid      a model for another purpose
///   unavailable  a model file that is missing or damaged; the sentence names it and what fetches it
base::Result<ModelChoice> choose_models(const EngineSettings& settings, const std::string& language,
                                        const Machine& machine, const engine::Catalog& catalog, bool thinks_here = true);

/// The language models that answer, in order: "embedded", or names of the server's models ("" is openai.model when it
/// is left open).
std::vector<std::string> language_model_order(const EngineSettings& settings, const std::string& ollama_base_url);

/// Whether the language model in this process is one of them.
bool thinks_here(const EngineSettings& settings, const std::string& ollama_base_url);

}  // namespace antiphon::app
