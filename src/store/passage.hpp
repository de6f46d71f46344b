// A piece of a document that an answer can lean on.
//
// pure. Values only.
#pragma once

#include <string>
#include <vector>

namespace antiphon::store {

struct Passage {
    std::string document;  ///< its path, relative to the folder that was added, with forward slashes
    std::string title;     ///< the document's
    std::string heading;   ///< what the passage stands under, empty if nothing
    std::string text;

    bool operator==(const Passage&) const = default;
};

struct FoundPassage {
    Passage passage;
    float score = 0.0F;  ///< cosine of question and passage, -1..1
};

/// Passages with their vectors, in the same order; all of one embedder and of Euclidean length 1.
struct Passages {
    std::string model;  ///< the embedder's name
    std::vector<Passage> texts;
    std::vector<std::vector<float>> vectors;
};

}  // namespace antiphon::store
