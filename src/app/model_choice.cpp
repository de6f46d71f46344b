#include "app/model_choice.hpp"

#include "engine/language_tag.hpp"
#include "engine/model_store.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::app {
namespace {

using engine::Catalog;
using engine::Model;
using engine::ModelState;
using engine::ModelStore;
using engine::Purpose;

constexpr unsigned kCoresForSmall = 8;

/// What one part of the server needs: of which purpose, and what the settings name for it.
struct Need {
    Purpose purpose;
    const std::string& named;  ///< empty: the set's
    const char* key;
    ChosenModel ModelChoice::*place;
};

/// The set's model of a purpose: for a voice, the first that speaks the language, if one does.
const Model* of_set(const Catalog& catalog, const std::string& set, Purpose purpose, const std::string& language) {
    if (purpose == Purpose::voice && !language.empty())
        for (const std::string& id : catalog.set(set)->models) {
            const Model* model = catalog.model(id);
            if (model->purpose == purpose && engine::speaks(model->languages.front(), language))
                return model;
        }
    return catalog.first_of(purpose, set);
}

bool on_disk(const ModelStore& store, const Model& model) {
    const ModelState state = store.state(model);
    return state == ModelState::installed || state == ModelState::unchecked;
}

base::Error not_usable(const ModelStore& store, const Model& model, const std::string& fetch) {
    std::string what = "the model " + model.id + " in " + store.directory().string() + " is damaged";
    for (const engine::ModelFile& file : model.files) {
        std::error_code failure;
        const auto path = store.path_of(model, file.name);
        const auto size = std::filesystem::file_size(path, failure);
        if (!failure && file.has_size(size)) continue;
        what = "the model file " + path.string() +
               (failure ? " is missing" : " is damaged (it has " + std::to_string(size) + " bytes)");
        break;
    }
    return base::error(base::Errc::unavailable, what + "; run `antiphon models fetch " + fetch + "`");
}

/// A model that the settings name: an id of the catalog, else a path.
base::Result<ChosenModel> named_model(const Need& need, const Catalog& catalog, const ModelStore& store) {
    if (const Model* model = catalog.model(need.named)) {
        if (model->purpose != need.purpose)
            return base::error(base::Errc::invalid,
                               std::string(need.key) + " is " + need.named + ", which is a " +
                                   std::string(name_of(model->purpose)) + ", not " +
                                   (need.purpose == Purpose::embedder ? "an " : "a ") +
                                   std::string(name_of(need.purpose)),
                               need.key);
        if (model->files.empty())
            return base::error(base::Errc::not_found,
                               "the model " + model->id + " cannot be had: " + model->unavailable);
        if (!on_disk(store, *model)) return not_usable(store, *model, model->id);
        return ChosenModel{store.path_of(*model, model->files.front().name), model};
    }
    std::error_code failure;
    if (std::filesystem::is_regular_file(need.named, failure)) return ChosenModel{need.named, nullptr};
    return base::error(base::Errc::not_found,
                       std::string(need.key) + " is " + need.named +
                           ", which is neither a model of the catalog (`antiphon models list`) nor a file",
                       need.key);
}

/// Those of synthesizer.voices, then of each language that has none yet the first that is installed.
base::Result<void> choose_voices(const EngineSettings& settings, const Catalog& catalog, const ModelStore& store,
                                 ModelChoice& choice) {
    constexpr const char* kKey = "synthesizer.voices";
    const auto chosen = [&](const std::filesystem::path& file) {
        return choice.voice.file == file || std::any_of(choice.more_voices.begin(), choice.more_voices.end(),
                                                        [&](const ChosenModel& voice) { return voice.file == file; });
    };
    for (const std::string& entry : settings.voices) {
        const auto equals = entry.find('=');
        const std::string language = engine::primary_language(entry.substr(0, equals));
        const std::string name = equals == std::string::npos ? "" : entry.substr(equals + 1);
        if (language.empty() || name.empty())
            return base::error(base::Errc::invalid, std::string(kKey) + " holds \"" + entry + "\"; it must be LANGUAGE=VOICE", kKey);
        std::error_code failure;
        if (catalog.model(name) == nullptr && !std::filesystem::is_regular_file(name, failure)) {
            choice.voice_of_language[language] = name;  // no Piper voice: whether anybody has it shows when they are loaded
            continue;
        }
        auto named = named_model({Purpose::voice, name, kKey, &ModelChoice::voice}, catalog, store);
        if (!named) return named.error();
        choice.voice_of_language[language] = named->file.string();
        if (!chosen(named->file)) choice.more_voices.push_back(std::move(*named));
    }
    if (settings.synthesizer_backend == "espeak") return {};
    std::vector<std::string> spoken;
    const auto spoken_by = [&](const ChosenModel& voice) {
        if (voice.model != nullptr) spoken.push_back(engine::primary_language(voice.model->languages.front()));
    };
    spoken_by(choice.voice);
    for (const ChosenModel& voice : choice.more_voices) spoken_by(voice);
    for (const auto& [language, name] : choice.voice_of_language) spoken.push_back(language);
    for (const Model& model : catalog.models()) {
        if (model.purpose != Purpose::voice || model.files.empty() || !on_disk(store, model)) continue;
        if (std::find(spoken.begin(), spoken.end(), engine::primary_language(model.languages.front())) != spoken.end()) continue;
        choice.more_voices.push_back({store.path_of(model, model.files.front().name), &model});
        spoken_by(choice.more_voices.back());
    }
    return {};
}

/// The embedder is nobody's condition: without one there are no embeddings, and everything else works.
base::Result<void> choose_embedder(const EngineSettings& settings, const Catalog& catalog, const ModelStore& store,
                                   ModelChoice& choice) {
    if (settings.embedder_model == "none") {
        choice.no_embedder = "embedder.model is none";
        return {};
    }
    if (!settings.embedder_model.empty()) {
        const Need need{Purpose::embedder, settings.embedder_model, "embedder.model", &ModelChoice::embedder};
        auto named = named_model(need, catalog, store);
        if (!named) return named.error();
        choice.embedder = std::move(*named);
        return {};
    }
    const Model* model = catalog.first_of(Purpose::embedder, choice.set);
    if (model == nullptr)
        choice.no_embedder = "the set " + choice.set + " has none";
    else if (!on_disk(store, *model))
        choice.no_embedder = not_usable(store, *model, model->id).text;
    else
        choice.embedder = {store.path_of(*model, model->files.front().name), model};
    return {};
}

}  // namespace

std::string name_of(const ChosenModel& chosen) {
    return chosen.model != nullptr ? chosen.model->id : chosen.file.stem().string();
}

base::Result<ModelChoice> choose_models(const EngineSettings& settings, const std::string& language,
                                        const Machine& machine, const Catalog& catalog, bool thinks_here) {
    const ModelStore store(settings.models_dir.empty() ? ModelStore::default_directory()
                                                       : std::filesystem::path(settings.models_dir));
    static const std::string kNone;
    const std::array<Need, 4> needs{{
        {Purpose::voice_detector, kNone, "", &ModelChoice::voice_detector},
        {Purpose::recognizer, settings.recognizer_model, "recognizer.model", &ModelChoice::recognizer},
        {Purpose::language_model, settings.language_model, "language_model.model", &ModelChoice::language_model},
        {Purpose::voice, settings.voice, "synthesizer.voice", &ModelChoice::voice},
    }};
    const bool piper_needed = settings.synthesizer_backend == "auto" || settings.synthesizer_backend == "piper";
    const auto needed = [&](const Need& need) { return thinks_here || need.purpose != Purpose::language_model; };
    const auto complete = [&](const std::string& set) {
        return catalog.set(set) != nullptr && std::all_of(needs.begin(), needs.end(), [&](const Need& need) {
                   if (!need.named.empty() || !needed(need)) return true;
                   if (need.purpose == Purpose::voice && !piper_needed) return true;
                   const Model* model = of_set(catalog, set, need.purpose, language);
                   return model != nullptr && on_disk(store, *model);
               });
    };

    ModelChoice choice;
    choice.directory = store.directory();
    if (settings.set != "auto") {
        choice.set = settings.set;
        choice.why = "the settings say so";
    } else {
        std::vector<std::pair<std::string, std::string>> candidates;
        if (machine.gpu) candidates.emplace_back("gpu", "there is a GPU and the set is on disk");
        if (machine.cores >= kCoresForSmall)
            candidates.emplace_back("small", "there are eight cores or more and the set is on disk");
        candidates.emplace_back(catalog.default_set(), "it suits this machine");
        for (const char* set : {"small", "gpu"}) candidates.emplace_back(set, "no other set is on disk");
        const auto found = std::find_if(candidates.begin(), candidates.end(),
                                        [&](const auto& candidate) { return complete(candidate.first); });
        choice.set = found == candidates.end() ? catalog.default_set() : found->first;
        choice.why = found == candidates.end() ? "no set is on disk" : found->second;
    }

    for (const Need& need : needs) {
        if (!needed(need)) continue;
        if (!need.named.empty()) {
            auto named = named_model(need, catalog, store);
            if (!named) return named.error();
            choice.*need.place = std::move(*named);
            continue;
        }
        if (need.purpose == Purpose::voice && settings.synthesizer_backend == "espeak") continue;
        const Model* model =
            catalog.set(choice.set) == nullptr ? nullptr : of_set(catalog, choice.set, need.purpose, language);
        if (need.purpose == Purpose::voice && !piper_needed && (model == nullptr || !on_disk(store, *model))) continue;
        if (model == nullptr || model->files.empty())
            return base::error(base::Errc::not_found, "the set " + choice.set + " of the catalog has no " +
                                                          std::string(name_of(need.purpose)));
        if (!on_disk(store, *model)) return not_usable(store, *model, choice.set);
        choice.*need.place = {store.path_of(*model, model->files.front().name), model};
    }
    if (auto chosen = choose_voices(settings, catalog, store, choice); !chosen) return chosen.error();
    if (auto chosen = choose_embedder(settings, catalog, store, choice); !chosen) return chosen.error();
    return choice;
}

std::vector<std::string> language_model_order(const EngineSettings& settings, const std::string& ollama_base_url) {
    std::string backend = settings.language_model_backend;
    if (backend == "auto") backend = ollama_base_url.empty() ? "embedded" : "ollama";
    std::vector<std::string> order{backend == "ollama"   ? settings.ollama_model
                                   : backend == "openai" ? settings.openai_model
                                                         : std::string("embedded")};
    if (backend != "embedded")
        for (const std::string& name : settings.language_model_fallback)
            if (std::find(order.begin(), order.end(), name) == order.end()) order.push_back(name);
    return order;
}

bool thinks_here(const EngineSettings& settings, const std::string& ollama_base_url) {
    const auto order = language_model_order(settings, ollama_base_url);
    return std::find(order.begin(), order.end(), "embedded") != order.end();
}

}  // namespace antiphon::app
