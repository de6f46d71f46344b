// Looks up what the documents say to a question.
//
// thread-safe. Blocks for the embedding of the question (some milliseconds) and the search: run it on the workers.
#pragma once

#include "base/result.hpp"
#include "base/workers.hpp"
#include "engine/embedder.hpp"
#include "engine/language_model.hpp"
#include "store/knowledge_shelf.hpp"
#include "store/passage.hpp"
#include "think/think_settings.hpp"

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::think {

/// What every call shares of it.
struct Knowledge {
    engine::Embedder& embedder;
    std::string embedder_name;  ///< what the collections name as their model
    store::KnowledgeShelf& shelf;
    base::Workers& workers;
};

/// The passages of the collection that fit the question, the best first; none is an answer as well. Of a question that
/// is too long its end is looked at. Fails with
///   as KnowledgeShelf::collection()
///   unsupported  the collection was made by another embedder: the sentence names both
///   as engine::Embedder::embed()
base::Result<std::vector<store::FoundPassage>> find_passages(const Knowledge& knowledge, const std::string& collection,
                                                             const std::string& question, const KnowledgeSettings& settings,
                                                             std::stop_token stop);

/// Whether an index was made by this embedder: `unsupported` else.
base::Result<void> check_embedder(const store::PassageIndex& index, const std::string& embedder_name,
                                  std::size_t dimensions, const std::string& collection);

/// Leaves the passages that have room, best first, and puts them before the question in the last message, whose words
/// they must be there for. Gives what was put in; none when the last message is not the user's.
std::vector<store::FoundPassage> put_into_prompt(std::vector<engine::Message>& messages,
                                                 std::vector<store::FoundPassage> passages, std::size_t room_tokens,
                                                 const engine::LanguageModel& model);

}  // namespace antiphon::think
