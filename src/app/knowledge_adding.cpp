#include "app/knowledge_adding.hpp"

#include "think/document.hpp"
#include "think/passage_cutter.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 16;

base::Result<std::vector<std::vector<float>>> vectors_of(const std::vector<store::Passage>& passages,
                                                         engine::Embedder& embedder, const std::stop_token& stop) {
    std::vector<std::vector<float>> vectors;
    for (std::size_t from = 0; from < passages.size(); from += kBatch) {
        std::vector<std::string> texts;
        for (std::size_t i = from; i < std::min(from + kBatch, passages.size()); ++i)
            texts.push_back(think::text_to_embed(passages[i]));
        auto embedded = embedder.embed(texts, stop);
        if (!embedded) return embedded.error();
        for (auto& vector : embedded->vectors) vectors.push_back(std::move(vector));
    }
    return vectors;
}

/// Of an embedder that takes fewer tokens, smaller passages.
think::CutterSettings cutter_for(const engine::Embedder& embedder) {
    think::CutterSettings settings;
    settings.most_tokens = std::min(settings.most_tokens, std::max<std::size_t>(embedder.context_tokens() * 2 / 3, 32));
    return settings;
}

}  // namespace

base::Result<FoundDocuments> find_documents(const fs::path& path) {
    std::error_code failure;
    const auto status = fs::status(path, failure);
    if (!fs::exists(status)) return base::error(base::Errc::unavailable, path.string() + ": it is not there");
    FoundDocuments found;
    if (!fs::is_directory(status)) {
        found.documents.push_back({path, path.filename().generic_string()});
        return found;
    }
    auto entry = fs::recursive_directory_iterator(path, failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        const bool hidden = entry->path().filename().string().starts_with('.');
        std::error_code ignored;
        if (entry->is_directory(ignored)) {
            if (hidden) entry.disable_recursion_pending();
            continue;
        }
        if (hidden) continue;
        if (think::kind_of(entry->path()))
            found.documents.push_back({entry->path(), entry->path().lexically_relative(path).generic_string()});
        else ++found.passed_over;
    }
    if (failure)
        return base::error(base::Errc::unavailable, path.string() + ": the folder cannot be read: " + failure.message());
    std::sort(found.documents.begin(), found.documents.end(),
              [](const FoundDocument& a, const FoundDocument& b) { return a.name < b.name; });
    return found;
}

base::Result<AddedDocuments> add_documents(store::Passages& passages, const std::vector<FoundDocument>& documents,
                                           engine::Embedder& embedder,
                                           const std::function<void(const std::string&)>& tell, const std::stop_token& stop) {
    AddedDocuments outcome;
    const think::CutterSettings cutter = cutter_for(embedder);
    for (const FoundDocument& one : documents) {
        tell(one.name);
        const auto refuse = [&](const base::Error& failure) {
            outcome.refused.push_back(one.file.string() + ": " + failure.text);
        };
        const auto document = think::read_document(one.file, stop);
        if (!document) {
            if (document.error().code == base::Errc::cancelled) return document.error();
            refuse(document.error());
            continue;
        }
        auto texts = think::passages_of(*document, one.name, cutter);
        auto vectors = vectors_of(texts, embedder, stop);
        if (!vectors && vectors.error().code == base::Errc::invalid) {
            refuse(vectors.error());
            continue;
        }
        if (!vectors) return vectors.error();
        outcome.replaced += remove_documents(passages, {one.name});
        ++outcome.added;
        outcome.passages += texts.size();
        std::move(texts.begin(), texts.end(), std::back_inserter(passages.texts));
        std::move(vectors->begin(), vectors->end(), std::back_inserter(passages.vectors));
    }
    return outcome;
}

std::size_t remove_documents(store::Passages& passages, const std::vector<std::string>& names) {
    std::set<std::string> gone;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < passages.texts.size(); ++i) {
        const std::string& document = passages.texts[i].document;
        if (std::find(names.begin(), names.end(), document) != names.end()) {
            gone.insert(document);
            continue;
        }
        if (kept != i) {
            passages.texts[kept] = std::move(passages.texts[i]);
            passages.vectors[kept] = std::move(passages.vectors[i]);
        }
        ++kept;
    }
    passages.texts.resize(kept);
    passages.vectors.resize(kept);
    return gone.size();
}

}  // namespace antiphon::app
