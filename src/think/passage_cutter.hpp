// Cuts a document into passages: pieces that one vector can stand for and one answer can lean on.
//
// pure.
#pragma once

#include "store/passage.hpp"
#include "think/document.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace antiphon::think {

struct CutterSettings {
    std::size_t words = 200;        ///< a passage is full with so many; it ends with a sentence where it can
    std::size_t most_words = 250;   ///< and never has more
    std::size_t overlap_words = 30; ///< at most so many words of whole sentences stand in the next passage again
    std::size_t most_tokens = 360;  ///< nor more than about so many tokens: an embedder takes no longer ones
};

/// No passage goes over a heading. `path` is what the passages name as their document; a document without a title is
/// called by the file's name.
std::vector<store::Passage> passages_of(const Document& document, const std::string& path, const CutterSettings& settings = {});

/// What the embedder is given of a passage: its title and heading belong to what it means.
std::string text_to_embed(const store::Passage& passage);

}  // namespace antiphon::think
