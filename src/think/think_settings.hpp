// The settings of thinking.
//
// pure.
#pragma once

#include "base/clock.hpp"

namespace antiphon::think {

/// Of the summary that takes the place of a long conversation's beginning.
struct SummarySettings {
    bool on = true;
    double threshold = 0.6;  ///< the share of its room from which a conversation is folded, in (0, 1]
    int max_tokens = 256;    ///< of one summary at most
};

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
    SummarySettings summary;
    KnowledgeSettings knowledge;
};

}  // namespace antiphon::think
