#include "engine/catalog.hpp"

#include <algorithm>
#include <stdexcept>

namespace antiphon::embedded {
std::string_view catalog_toml() noexcept;
}

namespace antiphon::engine {

std::string_view name_of(Purpose purpose) noexcept {
    switch (purpose) {
        case Purpose::recognizer: return "recognizer";
        case Purpose::voice_detector: return "voice_detector";
        case Purpose::turn_model: return "turn_model";
        case Purpose::language_model: return "language_model";
        case Purpose::voice: return "voice";
        case Purpose::language_detector: return "language_detector";
        case Purpose::embedder: return "embedder";
    }
    return "unknown";
}

const Source* ModelFile::source_of(std::string_view sha256) const noexcept {
    const auto found =
        std::find_if(sources.begin(), sources.end(), [&](const Source& s) { return s.sha256 == sha256; });
    return found == sources.end() ? nullptr : &*found;
}

bool ModelFile::has_size(std::uint64_t bytes) const noexcept {
    return std::any_of(sources.begin(), sources.end(), [&](const Source& s) { return s.size == bytes; });
}

std::uint64_t Model::size() const noexcept {
    std::uint64_t bytes = 0;
    for (const ModelFile& file : files) bytes += file.sources.front().size;
    return bytes;
}

const Catalog& Catalog::embedded() {
    static const Catalog catalog = [] {
        auto parsed = parse(embedded::catalog_toml());
        // A test reads the same bytes: a binary with a bad catalog is not shipped.
        if (!parsed) throw std::logic_error("the catalog inside the binary: " + parsed.error().text);
        return std::move(*parsed);
    }();
    return catalog;
}

const Model* Catalog::model(std::string_view id) const noexcept {
    const auto found = std::find_if(models_.begin(), models_.end(), [&](const Model& m) { return m.id == id; });
    return found == models_.end() ? nullptr : &*found;
}

const ModelSet* Catalog::set(std::string_view id) const noexcept {
    const auto found = std::find_if(sets_.begin(), sets_.end(), [&](const ModelSet& s) { return s.id == id; });
    return found == sets_.end() ? nullptr : &*found;
}

const Model* Catalog::first_of(Purpose purpose, std::string_view set_id) const noexcept {
    const ModelSet* in = set(set_id);
    if (in == nullptr) return nullptr;
    for (const std::string& id : in->models)
        if (const Model* candidate = model(id); candidate->purpose == purpose) return candidate;
    return nullptr;
}

base::Result<std::vector<const Model*>> Catalog::select(const std::vector<std::string>& names) const {
    std::vector<const Model*> chosen;
    const auto add = [&](const Model* one) {
        if (std::find(chosen.begin(), chosen.end(), one) == chosen.end()) chosen.push_back(one);
    };
    if (names.empty())
        for (const Model& one : models_) add(&one);
    for (const std::string& name : names) {
        if (const Model* one = model(name)) {
            add(one);
        } else if (const ModelSet* many = set(name)) {
            for (const std::string& id : many->models) add(model(id));
        } else {
            std::string known;
            for (const ModelSet& s : sets_) known += (known.empty() ? "" : ", ") + s.id;
            return base::error(base::Errc::not_found, "no model and no set is called '" + name + "'; the sets are " +
                                                          known + ", and `antiphon models list` names the models");
        }
    }
    return chosen;
}

}  // namespace antiphon::engine
