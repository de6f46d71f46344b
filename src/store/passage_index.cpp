#include "store/passage_index.hpp"

// Its own vector code prefetches what lies behind the end of a node's list of links (0.6.2: AddressSanitizer stops there).
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

namespace antiphon::store {
namespace {

constexpr std::size_t kLinks = 16;           // of each passage: the library's advice for some hundred dimensions
constexpr std::size_t kLooksAtBuilding = 200;
constexpr std::size_t kLooksAtSearching = 96;  // 99 in 100 of the true nearest are found among 10,000
constexpr std::size_t kSeed = 100;

}  // namespace

struct PassageIndex::Graph {
    Graph(std::size_t dimensions, std::size_t size)
        : space(dimensions), nodes(&space, size, kLinks, kLooksAtBuilding, kSeed) {
        nodes.setEf(kLooksAtSearching);
    }
    Graph(std::size_t dimensions, const std::string& file) : space(dimensions), nodes(&space, file) {
        nodes.setEf(kLooksAtSearching);
    }

    hnswlib::InnerProductSpace space;  // distance = 1 - dot product: of unit vectors, 1 - cosine
    hnswlib::HierarchicalNSW<float> nodes;
};

PassageIndex::PassageIndex(Passages passages, std::size_t dimensions, std::unique_ptr<Graph> graph)
    : passages_(std::move(passages)), dimensions_(dimensions), graph_(std::move(graph)) {}

PassageIndex::~PassageIndex() = default;

base::Result<std::shared_ptr<const PassageIndex>> PassageIndex::build(Passages passages) {
    const auto invalid = [](const char* text) { return base::error(base::Errc::invalid, text); };
    if (passages.texts.empty()) return invalid("there are no passages");
    if (passages.vectors.size() != passages.texts.size()) return invalid("there is not one vector for each passage");
    const std::size_t dimensions = passages.vectors.front().size();
    for (const auto& vector : passages.vectors) {
        if (vector.empty() || vector.size() != dimensions) return invalid("the vectors are of different lengths");
        if (!std::all_of(vector.begin(), vector.end(), [](float number) { return std::isfinite(number); }))
            return invalid("a vector has numbers that are not finite");
    }
    try {
        auto graph = std::make_unique<Graph>(dimensions, passages.texts.size());
        for (std::size_t i = 0; i < passages.vectors.size(); ++i) graph->nodes.addPoint(passages.vectors[i].data(), i);
        passages.vectors.clear();
        return std::shared_ptr<const PassageIndex>(new PassageIndex(std::move(passages), dimensions, std::move(graph)));
    } catch (const std::exception& fault) {
        return base::error(base::Errc::engine, std::string("the index cannot be built: ") + fault.what());
    }
}

base::Result<std::shared_ptr<const PassageIndex>> PassageIndex::load(Passages passages, std::size_t dimensions,
                                                                     const std::filesystem::path& file) {
    try {
        auto graph = std::make_unique<Graph>(dimensions, file.string());
        if (graph->nodes.cur_element_count != passages.texts.size() || graph->nodes.data_size_ != dimensions * sizeof(float))
            return base::error(base::Errc::engine, "the index is not that of its passages");
        passages.vectors.clear();
        return std::shared_ptr<const PassageIndex>(new PassageIndex(std::move(passages), dimensions, std::move(graph)));
    } catch (const std::exception& fault) {
        return base::error(base::Errc::engine, std::string("the index cannot be loaded: ") + fault.what());
    }
}

std::vector<FoundPassage> PassageIndex::search(std::span<const float> question, std::size_t count) const {
    if (question.size() != dimensions_ || count == 0) return {};
    auto nearest = graph_->nodes.searchKnn(question.data(), std::min(count, size()));
    std::vector<FoundPassage> found;
    for (; !nearest.empty(); nearest.pop()) {
        const auto& [distance, label] = nearest.top();
        if (label < size()) found.push_back({passages_.texts[label], 1.0F - distance});
    }
    std::reverse(found.begin(), found.end());
    return found;
}

Passages PassageIndex::passages() const {
    Passages all = passages_;
    // getDataByLabel() is no const method, and changes nothing.
    for (std::size_t i = 0; i < size(); ++i) all.vectors.push_back(graph_->nodes.getDataByLabel<float>(i));
    return all;
}

base::Result<void> PassageIndex::save_graph(const std::filesystem::path& file) const {
    try {
        graph_->nodes.saveIndex(file.string());
    } catch (const std::exception& fault) {
        return base::error(base::Errc::unavailable, "cannot write " + file.string() + ": " + fault.what());
    }
    // The library does not look whether its writing went well.
    std::error_code failure;
    if (std::filesystem::file_size(file, failure) > 0 && !failure) return {};
    return base::error(base::Errc::unavailable, "cannot write " + file.string());
}

}  // namespace antiphon::store
