#include "think/knowledge.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace antiphon::think {
namespace {

/// Of a long question, what is asked stands at its end. Far below the tokens that embedders take.
constexpr std::size_t kLongestQuestion = 600;

constexpr const char* kBefore = "Use these passages for the answer if they fit the question; else answer without them.\n";
constexpr const char* kAfter = "Question: ";

std::string end_of(const std::string& question) {
    const std::string_view text = base::trimmed(question);
    if (text.size() <= kLongestQuestion) return std::string(text);
    std::string_view end = text.substr(text.size() - kLongestQuestion);
    while (!end.empty() && (static_cast<unsigned char>(end.front()) & 0xC0U) == 0x80U) end.remove_prefix(1);
    return std::string(base::trimmed(end));
}

std::string line_of(const store::Passage& passage, std::size_t number) {
    std::string line = "[" + std::to_string(number) + "] " + passage.title;
    if (!passage.heading.empty() && passage.heading != passage.title) line += ", " + passage.heading;
    return line + ": " + passage.text + "\n";
}

}  // namespace

base::Result<void> check_embedder(const store::PassageIndex& index, const std::string& embedder_name,
                                  std::size_t dimensions, const std::string& collection) {
    if (index.model() == embedder_name && index.dimensions() == dimensions) return {};
    return base::error(base::Errc::unsupported, "the collection '" + collection + "' was made with the embedder " +
                                                    index.model() + " (" + std::to_string(index.dimensions()) +
                                                    " numbers), and this is " + embedder_name + " (" +
                                                    std::to_string(dimensions) +
                                                    "): remove the collection and add its documents again");
}

base::Result<std::vector<store::FoundPassage>> find_passages(const Knowledge& knowledge, const std::string& collection,
                                                             const std::string& question, const KnowledgeSettings& settings,
                                                             std::stop_token stop) {
    const auto index = knowledge.shelf.collection(collection);
    if (!index) return index.error();
    if (auto same = check_embedder(**index, knowledge.embedder_name, knowledge.embedder.dimensions(), collection); !same)
        return same.error();
    const std::string asked = end_of(question);
    if (asked.empty()) return std::vector<store::FoundPassage>{};
    const auto embedded = knowledge.embedder.embed({asked}, stop);
    if (!embedded) return embedded.error();
    auto found = (*index)->search(embedded->vectors.front(), static_cast<std::size_t>(std::max(settings.passages, 0)));
    std::erase_if(found, [&](const store::FoundPassage& one) { return !(one.score >= settings.threshold); });
    return found;
}

std::vector<store::FoundPassage> put_into_prompt(std::vector<engine::Message>& messages,
                                                 std::vector<store::FoundPassage> passages, std::size_t room_tokens,
                                                 const engine::LanguageModel& model) {
    if (messages.empty() || messages.back().role != engine::Role::user || passages.empty()) return {};
    std::string text;
    std::vector<store::FoundPassage> used;
    std::size_t tokens = model.count_tokens(kBefore) + model.count_tokens(kAfter);
    for (store::FoundPassage& one : passages) {
        const std::string line = line_of(one.passage, used.size() + 1);
        const std::size_t needed = model.count_tokens(line);
        if (tokens + needed > room_tokens) continue;
        tokens += needed;
        text += line;
        used.push_back(std::move(one));
    }
    if (used.empty()) return {};
    messages.back().text = kBefore + text + kAfter + messages.back().text;
    return used;
}

}  // namespace antiphon::think
