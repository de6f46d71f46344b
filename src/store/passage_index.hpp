// Finds the passages nearest in meaning to a question, among many: a graph of small worlds over their vectors
// (hnswlib; Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
// Navigable Small World graphs", 2016).
//
// thread-safe: an index is never changed once it is made.
#pragma once

#include "base/result.hpp"
#include "store/passage.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace antiphon::store {

class PassageIndex {
public:
    /// Takes a second for some thousand passages. Fails with
    ///   invalid  no passages, not one vector for each, vectors of different lengths or of numbers that are not finite
    ///   engine   too little memory
    static base::Result<std::shared_ptr<const PassageIndex>> build(Passages passages);

    /// The same from a graph that save_graph() wrote for these passages (whose `vectors` stay empty). Its bytes must be
    /// known to be unchanged: the library believes what it reads. Fails with `engine` when it is not of that size.
    static base::Result<std::shared_ptr<const PassageIndex>> load(Passages passages, std::size_t dimensions,
                                                                  const std::filesystem::path& graph);

    ~PassageIndex();
    PassageIndex(const PassageIndex&) = delete;
    PassageIndex& operator=(const PassageIndex&) = delete;

    /// The `count` passages nearest to the vector, the nearest first; fewer if there are fewer, none for a vector
    /// that is not dimensions() long. About one in a hundred of the true ones is missed.
    std::vector<FoundPassage> search(std::span<const float> question, std::size_t count) const;

    const std::string& model() const noexcept { return passages_.model; }
    std::size_t dimensions() const noexcept { return dimensions_; }
    std::size_t size() const noexcept { return passages_.texts.size(); }
    const std::vector<Passage>& texts() const noexcept { return passages_.texts; }

    /// All of it with the vectors, to build another one from.
    Passages passages() const;

    /// Writes the graph. Fails with `unavailable`.
    base::Result<void> save_graph(const std::filesystem::path& file) const;

private:
    struct Graph;

    PassageIndex(Passages passages, std::size_t dimensions, std::unique_ptr<Graph> graph);

    const Passages passages_;  ///< without vectors: the graph has them
    const std::size_t dimensions_;
    const std::unique_ptr<Graph> graph_;
};

}  // namespace antiphon::store
