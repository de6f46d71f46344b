// The settings of thinking.
//
// pure.
#pragma once

#include "base/clock.hpp"

namespace antiphon::think {

/// What an answer takes from the documents of its call's collection.
struct KnowledgeSettings {
    base::milliseconds budget{60};  ///< what an answer waits for passages at most
    float threshold = 0.4F;         ///< cosine of question and passage below which a passage does not fit
    int passages = 3;               ///< of the best, in one prompt
    int prompt_tokens = 600;        ///< that they may take of it together
};

struct ThinkSettings {
    int max_tokens = 160;       ///< of one answer, when the session does not say
    float temperature = 0.0F;
    /// Words after which the first piece of an answer is spoken even without a clause mark.
    int first_piece_words = 10;
    KnowledgeSettings knowledge;
};

}  // namespace antiphon::think
