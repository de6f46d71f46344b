// Reads a catalog from TOML and refuses whatever the rest of the house would stumble over.
#include "engine/catalog.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>

namespace antiphon::engine {
namespace {

/// The first thing found wrong. Reading goes on with empty values after it, and what was read is dropped.
class Fault {
public:
    void add(const std::string& where, const std::string& why) {
        if (text_.empty()) text_ = where + ": " + why;
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

bool only(std::string_view text, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

/// A name that is one plain path component: also what may stand in a URL, a requirement or a command.
bool is_name(std::string_view text) { return only(text, "._-") && text.front() != '.' && text.front() != '-'; }

bool is_sha256(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A relative path of plain names, for example "data/model.onnx".
bool is_path(std::string_view text) {
    for (;;) {
        const std::size_t slash = text.find('/');
        if (!is_name(text.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        text.remove_prefix(slash + 1);
    }
}

/// One TOML table and the words for it in a complaint. Each key that is read is ticked off; what is left
/// over at the end is a key that nobody knows.
class Table {
public:
    Table(const toml::table& table, std::string where, Fault& fault)
        : table_(&table), where_(std::move(where)), fault_(&fault) {}

    void refuse(const std::string& why) const { fault_->add(where_, why); }
    bool has(std::string_view key) const { return table_->contains(key); }

    std::string text(std::string_view key) {
        seen_.emplace_back(key);
        const auto value = (*table_)[key].value_exact<std::string>();
        if (!value || value->empty()) refuse("`" + std::string(key) + "` must be a text");
        return value.value_or("");
    }

    std::string checked(std::string_view key, bool (*good)(std::string_view), const char* what) {
        std::string value = text(key);
        if (!good(value)) refuse("`" + std::string(key) + "` is no " + what + ": '" + value + "'");
        return value;
    }

    std::uint64_t size(std::string_view key) {
        seen_.emplace_back(key);
        const auto value = (*table_)[key].value_exact<std::int64_t>();
        if (!value || *value <= 0) refuse("`" + std::string(key) + "` must be a whole number above 0");
        return static_cast<std::uint64_t>(value.value_or(0));
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> values;
        for (const toml::node& node : array(key)) {
            const auto value = node.value_exact<std::string>();
            if (!value || value->empty()) refuse("`" + std::string(key) + "` must hold texts only");
            values.push_back(value.value_or(""));
        }
        return values;
    }

    /// The tables in an array; their number from 1 is added to the words for the place.
    std::vector<Table> tables(std::string_view key) {
        std::vector<Table> found;
        for (const toml::node& node : array(key)) {
            const std::string at = where_ + ", " + std::string(key) + " " + std::to_string(found.size() + 1);
            if (node.is_table())
                found.emplace_back(*node.as_table(), at, *fault_);
            else
                fault_->add(at, "must be a table");
        }
        return found;
    }

    Table table(std::string_view key) {
        seen_.emplace_back(key);
        const toml::table* inner = (*table_)[key].as_table();
        if (inner == nullptr) refuse("`" + std::string(key) + "` must be a table");
        return {inner == nullptr ? kNoTable : *inner, where_ + ", " + std::string(key), *fault_};
    }

    void rename(std::string where) { where_ = std::move(where); }

    void finish() const {
        for (const auto& [key, value] : *table_)
            if (std::find(seen_.begin(), seen_.end(), key.str()) == seen_.end())
                refuse("unknown key `" + std::string(key.str()) + "`");
    }

private:
    const toml::array& array(std::string_view key) {
        seen_.emplace_back(key);
        const toml::array* values = (*table_)[key].as_array();
        if (values == nullptr || values->empty()) refuse("`" + std::string(key) + "` must be a list, not empty");
        return values == nullptr ? kNoArray : *values;
    }

    static const toml::table kNoTable;
    static const toml::array kNoArray;

    const toml::table* table_;
    std::string where_;
    Fault* fault_;
    std::vector<std::string> seen_;
};

const toml::table Table::kNoTable;
const toml::array Table::kNoArray;

constexpr std::array kPurposes{Purpose::recognizer,     Purpose::voice_detector, Purpose::turn_model,
                               Purpose::language_model, Purpose::voice,          Purpose::language_detector,
                               Purpose::embedder};

Purpose purpose_of(Table& from) {
    const std::string text = from.text("purpose");
    for (const Purpose purpose : kPurposes)
        if (name_of(purpose) == text) return purpose;
    from.refuse("unknown purpose '" + text + "'");
    return Purpose::recognizer;
}

bool is_repository(std::string_view text) { return is_path(text) && std::count(text.begin(), text.end(), '/') == 1; }
bool is_version(std::string_view text) { return only(text, "._-+!"); }
bool is_language(std::string_view text) { return text == "*" || only(text, "-"); }

HubSource hub_source(Table& from) {
    return {from.checked("repository", is_repository, "\"owner/name\""), from.checked("revision", is_name, "revision"),
            from.checked("path", is_path, "relative path")};
}

PypiSource::Part part_of(Table from, const PypiSource& source) {
    PypiSource::Part part{from.text("wheel"), from.checked("path", is_path, "relative path")};
    from.finish();
    if (std::none_of(source.wheels.begin(), source.wheels.end(),
                     [&](const auto& w) { return w.package == part.wheel; }))
        from.refuse("'" + part.wheel + "' is none of this source's wheels");
    return part;
}

PypiSource pypi_source(Table& from) {
    PypiSource source;
    for (Table& wheel : from.tables("wheels")) {
        source.wheels.push_back({wheel.checked("package", is_name, "package name"),
                                 wheel.checked("version", is_version, "version"), wheel.size("size"),
                                 wheel.checked("sha256", is_sha256, "sha256 in lowercase hexadecimal")});
        wheel.finish();
    }
    for (const Table& part : from.tables("parts")) source.parts.push_back(part_of(part, source));
    if (from.has("convert")) {
        const std::string how = from.text("convert");
        if (how != "ct2-to-ggml" && how != "bert-to-gguf") from.refuse("unknown conversion '" + how + "'");
        source.convert =
            how == "bert-to-gguf" ? PypiSource::Conversion::bert_to_gguf : PypiSource::Conversion::ct2_to_ggml;
        source.input_size = from.size("input_size");
        source.input_sha256 = from.checked("input_sha256", is_sha256, "sha256 in lowercase hexadecimal");
        source.vocabulary = part_of(from.table("vocabulary"), source);
        if (source.convert == PypiSource::Conversion::bert_to_gguf)
            source.config = part_of(from.table("config"), source);
    }
    return source;
}

Source source_of(Table& from) {
    Source source;
    source.size = from.size("size");
    source.sha256 = from.checked("sha256", is_sha256, "sha256 in lowercase hexadecimal");
    const std::string kind = from.text("kind");
    if (kind == "hub")
        source.from = hub_source(from);
    else if (kind == "pypi")
        source.from = pypi_source(from);
    else
        from.refuse("unknown kind of source '" + kind + "'");
    from.finish();
    return source;
}

ModelFile file_of(Table& from) {
    ModelFile file;
    file.name = from.checked("name", is_name, "plain file name");
    // The store keeps unfinished downloads under such names.
    if (file.name.ends_with(".part")) from.refuse("a file's name must not end in .part");
    for (Table& source : from.tables("source")) file.sources.push_back(source_of(source));
    from.finish();
    return file;
}

Model model_of(Table& from) {
    Model model;
    model.id = from.checked("id", is_name, "plain name");
    from.rename("model '" + model.id + "'");
    model.purpose = purpose_of(from);
    model.licence = from.text("licence");
    model.provenance = from.text("provenance");
    model.languages = from.texts("languages");
    for (const std::string& language : model.languages)
        if (!is_language(language)) from.refuse("'" + language + "' is no language");
    if (from.has("unavailable")) {
        model.unavailable = from.text("unavailable");
    } else {
        for (Table& file : from.tables("file")) {
            model.files.push_back(file_of(file));
            for (std::size_t i = 0; i + 1 < model.files.size(); ++i)
                if (model.files[i].name == model.files.back().name)
                    from.refuse("two files are called '" + model.files[i].name + "'");
        }
    }
    from.finish();
    return model;
}

}  // namespace

/// Fills a Catalog; has the private access that the reading functions above do not need.
class CatalogReader {
public:
    static Catalog read(const toml::table& root, Fault& fault) {
        Catalog catalog;
        Table from(root, "the catalog", fault);
        if (from.size("version") != 1) from.refuse("only version 1 is understood");
        for (Table& table : from.tables("model")) {
            Model model = model_of(table);
            if (catalog.model(model.id) != nullptr) table.refuse("is there twice");
            catalog.models_.push_back(std::move(model));
        }
        for (Table& table : from.tables("set")) read_set(table, catalog);
        catalog.default_set_ = from.text("default_set");
        if (catalog.set(catalog.default_set_) == nullptr)
            from.refuse("the default set '" + catalog.default_set_ + "' is not there");
        from.finish();
        return catalog;
    }

private:
    static void read_set(Table& from, Catalog& catalog) {
        ModelSet set;
        set.id = from.checked("id", is_name, "plain name");
        from.rename("set '" + set.id + "'");
        if (catalog.set(set.id) != nullptr) from.refuse("is there twice");
        if (catalog.model(set.id) != nullptr) from.refuse("a model has the same name");
        set.about = from.text("about");
        set.models = from.texts("models");
        for (const std::string& id : set.models) {
            const Model* model = catalog.model(id);
            if (model == nullptr)
                from.refuse("there is no model '" + id + "'");
            else if (!model->unavailable.empty())
                from.refuse("'" + id + "' cannot be fetched");
        }
        if (from.has("includes")) {
            for (const std::string& id : from.texts("includes")) {
                const ModelSet* other = catalog.set(id);
                if (other == nullptr)
                    from.refuse("there is no set '" + id + "' above it to include");
                else
                    set.models.insert(set.models.end(), other->models.begin(), other->models.end());
            }
        }
        for (auto id = set.models.begin(); id != set.models.end(); ++id)
            if (std::find(set.models.begin(), id, *id) != id) from.refuse("'" + *id + "' is in it twice");
        from.finish();
        catalog.sets_.push_back(std::move(set));
    }
};

base::Result<Catalog> Catalog::parse(std::string_view text) {
    const auto bad = [](const std::string& why) {
        return base::error(base::Errc::invalid, "the model catalog is not usable: " + why);
    };
    try {
        const toml::table root = toml::parse(text);
        Fault fault;
        Catalog catalog = CatalogReader::read(root, fault);
        if (!fault.text().empty()) return bad(fault.text());
        return catalog;
    } catch (const toml::parse_error& fault) {
        return bad("line " + std::to_string(fault.source().begin.line) + ": " + std::string(fault.description()));
    }
}

}  // namespace antiphon::engine
